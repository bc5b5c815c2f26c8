// Answers messages without a model: run by `agentcom-sidecar exec`, it prints a reply to each message that needs one.
// Copy it beside config.json, and set in config.json
//   "message_command": ["agentcom-sidecar", "exec", "--", "node", "messages.mjs", "{messages_file}"]
import { readFileSync } from "node:fs"

const { messages } = JSON.parse(readFileSync(process.argv[2], "utf8"))

// Replace the following lines with the work. What is left out of `replies` gets no reply.
const requests = messages.filter(({ type }) => type === "request")
const replies = requests.map((
  { id, payload }
) => [id, `a request of ${JSON.stringify(payload ?? null).length} characters`])

console.log(JSON.stringify(Object.fromEntries(replies)))
