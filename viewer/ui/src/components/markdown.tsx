import { useMemo } from "preact/hooks";
import { visible } from "../format";
import { type Block, type Inline, readMarkdown } from "../markdown";

// Text as its writer meant it to look; every piece of it is a text node.
export function Markdown({ text }: { text: string }) {
  const blocks = useMemo(() => readMarkdown(text), [text]);
  return <div class="markdown">{blocks.map((block, i) => <BlockView key={i} block={block} />)}</div>;
}

function BlockView({ block }: { block: Block }) {
  switch (block.kind) {
    case "heading": return <p class={`md-heading md-${Math.min(block.level, 4)}`} role="heading" aria-level={Math.min(6, block.level + 3)}><Inlines of={block.inlines} /></p>;
    case "code": return <pre tabIndex={0}>{block.language && <span class="md-language">{visible(block.language)}</span>}<code>{visible(block.text)}</code></pre>;
    case "rule": return <hr />;
    case "quote": return <blockquote><Inlines of={block.inlines} /></blockquote>;
    case "list":
      return <ul>{block.items.map((item, i) => <li key={i} style={{ "--depth": item.depth }}><span class="md-mark">{item.mark}</span><span><Inlines of={item.inlines} /></span></li>)}</ul>;
    case "table":
      return (
        <div class="md-table">
          <table>
            <thead><tr>{block.rows[0]!.map((cell, i) => <th key={i} scope="col"><Inlines of={cell} /></th>)}</tr></thead>
            <tbody>{block.rows.slice(1).map((row, r) => <tr key={r}>{row.map((cell, i) => <td key={i}><Inlines of={cell} /></td>)}</tr>)}</tbody>
          </table>
        </div>
      );
    default: return <p><Inlines of={block.inlines} /></p>;
  }
}

function Inlines({ of }: { of: Inline[] }) {
  return (
    <bdi>
      {of.map((inline, i) => {
        const text = visible(inline.text);
        if (inline.kind === "code") return <code key={i}>{text}</code>;
        if (inline.kind === "strong") return <strong key={i}>{text}</strong>;
        if (inline.kind === "em") return <em key={i}>{text}</em>;
        if (inline.kind === "link") return <span key={i} class="md-link">{text}{inline.url !== inline.text && <small> ({visible(inline.url)})</small>}</span>;
        return text;
      })}
    </bdi>
  );
}
