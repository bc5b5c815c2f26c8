/** What the helper replies to a question. */
export const reply = "It is forty-two."

/**
 * The other agent of the demo, a Node.js program that its sidecar wakes for messages: it notes in `deliveries.log` which it got, and
 * replies to questions.
 */
export const helperScript = `import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const { BATCH_ID, MESSAGES_FILE, RESULTS_DIR } = process.env
const { messages } = JSON.parse(readFileSync(MESSAGES_FILE, "utf8"))
const result = (ending) => join(RESULTS_DIR, BATCH_ID + ending)

writeFileSync(result(".started"), "")
appendFileSync("deliveries.log", JSON.stringify(messages.map(({ id }) => id)) + "\\n")
const questions = messages.filter(({ type }) => type === "request")
const replies = Object.fromEntries(questions.map(({ id }) => [id, ${JSON.stringify(reply)}]))
writeFileSync(result(".json.tmp"), JSON.stringify({ status: "success", replies }))
renameSync(result(".json.tmp"), result(".json"))
`
