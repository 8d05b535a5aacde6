// Said quietly: what is on the screen stays, and polling goes on.
export function Banner() {
  return (
    <div class="banner" role="status">
      <span class="banner-dot" />
      The viewer is not answering. What you see is the last it said; trying again every few seconds.
    </div>
  );
}
