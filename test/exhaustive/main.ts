// Walks the configurations whose numbers are given, or all; a line of JSON each. Run by exhaustive.test.ts, or by hand.
import { configurations } from "./configurations.ts"
import { walk } from "./walk.ts"

const chosen = process.argv.slice(2)

for (const [index, config] of configurations.entries()) {
  if (chosen.length === 0 || chosen.includes(String(index))) console.log(JSON.stringify(walk(config)))
}
