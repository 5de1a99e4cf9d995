export { init } from "echarts/core";
import { use } from "echarts/core";
import { BarChart, GraphChart, LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { LabelLayout } from "echarts/features";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, GraphChart, LineChart, ScatterChart,
  GridComponent, MarkLineComponent, TooltipComponent, LabelLayout, SVGRenderer]);
