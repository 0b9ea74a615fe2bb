// Calls each function of the module, in an instance of its own. Usage: node run.mjs MODULE
import { readFile } from "node:fs/promises";

const module = await WebAssembly.compile(await readFile(process.argv[2]));
for (const { name } of WebAssembly.Module.exports(module).filter(({ kind }) => kind === "function")) {
    let instance;
    const complain = (text, length) =>
        console.error(Buffer.from(instance.exports.memory.buffer, text, length).toString());
    instance = await WebAssembly.instantiate(module, { host: { complain } });
    instance.exports[name]();
    console.log(`${name}: all of it holds`);
}
