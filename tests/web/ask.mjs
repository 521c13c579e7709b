// node ask.mjs MODULE FUNCTION < arguments.json: what a module's function answers to each list of arguments, as JSON.

import { readFileSync } from "node:fs";

const [file, name] = process.argv.slice(2);
const module = await import(new URL(`../../src/inklens/apps/web/${file}.js`, import.meta.url));
const calls = JSON.parse(readFileSync(0, "utf8"));
const answer = (frames) => {
  const steady = new module.SteadyLabels(frames.labels);
  return frames.frames.map(({ time, marks }) => steady.update(time, marks));
};
process.stdout.write(JSON.stringify(calls.map((call) => (name === "SteadyLabels" ? answer(call) : module[name](...call)))));
