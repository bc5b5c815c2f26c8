// Walks the worlds that its parent names by number, one after another, and keeps what it asked of the rules in the
// folder that is given.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { configurations } from "./configurations.ts"
import { walk } from "./walk.ts"

const [folder = ""] = process.argv.slice(2)

process.on("message", (index: number) => {
  const config = configurations[index]
  if (config === undefined) throw new Error(`there is no world ${index}`)
  const { figures, questions } = walk(config)
  writeFileSync(join(folder, `${index}.jsonl`), questions.map((state) => `${JSON.stringify(state)}\n`).join(""))
  process.send?.(figures)
})
