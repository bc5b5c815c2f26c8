// Asks the rules all that the walks have asked them, from the files in the folder that is given: run with V8's
// coverage on, under which the walks themselves would take half as long again.
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Questions } from "./side.ts"
import { ask } from "./side.ts"

const [folder = ""] = process.argv.slice(2)
const asked = new Set<string>()

for (const file of readdirSync(folder)) {
  for (const line of readFileSync(join(folder, file), "utf8").trimEnd().split("\n")) {
    const questions: Questions = JSON.parse(line)
    const state = JSON.stringify(questions.state)
    for (const when of ["early", "late"] as const) {
      for (const message of questions.asked[when]) {
        const question = when + message + state
        if (asked.has(question)) continue
        asked.add(question)
        ask(questions.state, JSON.parse(message), when)
      }
    }
  }
}
console.log(asked.size)
