/** The appliance in a container, beside images of Debian's packages: `--only 'container-*'`. */
import type { GaugeComparison } from "../comparison.ts";
import { appliance, caddyImage, nginxImage } from "../containers/images.ts";
import { containerChange } from "../gauges/container_changes.ts";
import { containerMemory, imageSize, runToAnswer, startToAnswer } from "../gauges/containers.ts";

const images = [appliance, nginxImage, caddyImage];
/** Caddy reloads by a command of its own. */
const hangsUp = [appliance, nginxImage];

const common = { judged: "gauge", programs: ["docker"], isCore: false } as const;

export const containers: readonly GaugeComparison[] = [
  {
    ...common,
    name: "container-size",
    title: "size of the image",
    unit: "MB",
    // 43 for the program and its libraries, 4 for what links the apps of serve.
    settings: [imageSize({ max: 47 }, images)],
  },
  {
    ...common,
    name: "container-start",
    title: "first answer of a container",
    unit: "ms",
    settings: [runToAnswer(images), startToAnswer(images)],
  },
  {
    ...common,
    name: "container-memory",
    title: "memory of a container that no file backs, one worker",
    unit: "MB",
    settings: [containerMemory(0, { max: 30 }, images), containerMemory(1000, null, images)],
  },
  {
    ...common,
    name: "container-lost",
    title: "requests lost by a change of a container",
    unit: "lost",
    settings: [
      containerChange("HUP", "lost", { max: 0 }, hangsUp),
      containerChange("take-over", "lost", { max: 0 }, [appliance]),
      containerChange("stop", "lost", { max: 0 }, images),
    ],
  },
  {
    ...common,
    name: "container-pauses",
    title: "99.9th percentile of the seconds around a change, as a multiple of other seconds'",
    unit: "x",
    settings: [
      containerChange("HUP", "ratio", { max: 2 }, hangsUp),
      containerChange("take-over", "ratio", { max: 2 }, [appliance]),
      containerChange("stop", "ratio", { max: 2 }, images),
    ],
  },
];
