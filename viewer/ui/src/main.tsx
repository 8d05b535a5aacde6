import { render } from "preact";
import { App } from "./components/app";
import { applyStoredTheme } from "./theme";
import "./styles/app.css";

applyStoredTheme();
render(<App />, document.getElementById("app")!);
