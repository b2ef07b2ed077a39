// Imports the firmware's modules one by one in 32-bit MicroPython and says what each leaves on the
// heap. Called by tools/size.py:  node footprint.mjs PACKAGE PLAN  - both paths; PLAN is JSON:
// {files: {path in the tree: path on the host}, before: text, steps: [[name, text to run]]}.
// With a `romfs`, the path of an image, the modules are run where they lie in it.
// Answers one JSON array of [name, live octets after the step]. Python garbage is collected when a
// call returns to here, not within it, so each look at the heap is a call of its own.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const [folder, planFile] = process.argv.slice(2);
const { loadMicroPython } = await import(join(folder, "micropython.mjs"));
const plan = JSON.parse(readFileSync(planFile, "utf8"));
let said = "";
const python = await loadMicroPython({
  heapsize: 2 * 1024 * 1024,
  romfs: plan.romfs ? readFileSync(plan.romfs) : undefined,
  stdout: (line) => { said = line; },
});

function live() {
  python.runPython("gc.collect()");
  python.runPython("gc.collect()");
  python.runPython("print(gc.mem_alloc())");
  return Number(said);
}

for (const [target, source] of Object.entries(plan.files)) {
  python.FS.mkdirTree(dirname("/tree/" + target));
  python.FS.writeFile("/tree/" + target, readFileSync(source));
}
const root = plan.romfs ? "/rom" : "/tree";
python.runPython("import gc, sys\nsys.path[:] = ['" + root + "', '.frozen']");
python.runPython(plan.before);
const found = [["", live()]];
for (const [name, text] of plan.steps) {
  python.runPython(text);
  found.push([name, live()]);
}
console.log(JSON.stringify(found));
process.exit(0);
