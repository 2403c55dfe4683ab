import "uplot/dist/uPlot.min.css";
import "./styles/page.css";
import "./parts/buffer-dialogs";
import "./parts/chart";
import "./parts/dialogs";
import "./parts/in-charge";
import "./parts/lazy-table";
import "./parts/overrides";
import "./parts/write-log";
import "./views/buffer";
import "./views/plan";
import "./views/proof";
import "./app";
import { applyTheme, chosenTheme } from "./preferences";

applyTheme(chosenTheme());
