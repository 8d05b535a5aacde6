import { useCallback, useState } from "preact/hooks";
import { useKeys } from "../keys";
import { followLinks, navigate, listUrl, useRoute } from "../router";
import { Banner } from "./banner";
import { ComparePage } from "./compare-page";
import { Help } from "./help";
import { LogsPage } from "./logs-page";
import { MetricPage } from "./metric-page";
import { MetricsPage } from "./metrics-page";
import { TopBar } from "./top-bar";
import { TraceListPage } from "./trace-list-page";
import { TracePage } from "./trace-page";

export function App() {
  const route = useRoute();
  const [help, setHelp] = useState(false);
  const [offline, setOffline] = useState(false);
  const closeHelp = useCallback(() => setHelp(false), []);
  useKeys({ "?": () => setHelp((open) => !open) });

  const traceId = /^\/trace\/([0-9a-fA-F]{32})\/?$/.exec(route.path)?.[1]?.toLowerCase();
  const metricId = /^\/metrics\/([\w-]{1,64})\/?$/.exec(route.path)?.[1];
  return (
    <div class="app" onClick={followLinks}>
      <a class="skip" href="#main">Skip to content</a>
      <TopBar path={route.path} onHelp={() => setHelp(true)} />
      {offline && <Banner />}
      <main id="main" tabIndex={-1}>
        {traceId ? (
          <TracePage key={traceId} traceId={traceId} query={route.query} onOffline={setOffline} paused={help} />
        ) : route.path === "/compare" ? (
          <ComparePage a={(route.query.get("a") ?? "").toLowerCase()} b={(route.query.get("b") ?? "").toLowerCase()} onOffline={setOffline} paused={help} />
        ) : route.path === "/logs" ? (
          <LogsPage query={route.query} onOffline={setOffline} />
        ) : route.path === "/metrics" ? (
          <MetricsPage query={route.query} onOffline={setOffline} />
        ) : metricId ? (
          <MetricPage key={metricId} id={metricId} query={route.query} onOffline={setOffline} />
        ) : route.path === "/" ? (
          <TraceListPage query={route.query} onOffline={setOffline} />
        ) : (
          <div class="notice">
            <h1>Nothing lives at this address</h1>
            <p><button type="button" onClick={() => navigate(listUrl())}>Go to the traces</button></p>
          </div>
        )}
      </main>
      {help && <Help onClose={closeHelp} />}
    </div>
  );
}
