import "uplot/dist/uPlot.min.css";
import "./styles/page.css";
import "./parts/chart";
import "./parts/dialogs";
import "./parts/lazy-table";
import "./views/buffer";
import "./views/plan";
import "./app";
import { applyTheme, chosenTheme } from "./preferences";

applyTheme(chosenTheme());
