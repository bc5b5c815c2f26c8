// Writes config.schema.json, with which editors complete and check a config.json: node scripts/configSchema.ts
import * as Schema from "effect/Schema"
import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { configFile } from "../src/config/ConfigFile.ts"
import type { ConfigKey } from "../src/config/keys.ts"

const descriptions: Readonly<Record<ConfigKey, string>> = {
  agent_id: "The agent's name at the hub.",
  token: "The token that the hub gave for this agent. Give this or token_file.",
  token_file: "A file that holds the token and nothing else. Give this or token.",
  hub_url: "The hub's WebSocket, ws:// or wss://.",
  hub_api_url: "The hub's HTTP interface; by default the host of hub_url.",
  tls_ca: "A PEM file of the authorities to trust in place of the system's.",
  tls_cert: "A PEM file with the certificate by which the hub is to know this machine. Give tls_key beside it.",
  tls_key: "A PEM file with the private key of tls_cert, without a passphrase.",
  wake_command: "What wakes the agent: a program with its arguments as a list, or a line for the shell.",
  prompt_template: "A file with the text that an agent is given to read, in place of the one that is built in.",
  wake_command_blocks: "Whether the command runs until the agent has ended its work.",
  capabilities: "What the agent can do, as the hub matches it against what tasks need.",
  confirmation_timeout_ms: "How long an agent may take to confirm that it has started.",
  agent_silence_ms: "After this time without a sign an agent that was only started counts as gone.",
  task_timeout_ms: "How long a task may take from the first wake.",
  kill_grace_ms: "How long an agent that is stopped may take to end by itself.",
  update_timeout_ms: "How long the update at a start may take; 0 turns it off.",
  retention_days: "How long files that belong to no task stay where they are.",
  results_dir: "Where the agent writes its answers.",
  tasks_dir: "Where the tasks are written for the agent.",
  log_file: "The log, as lines of JSON.",
  metrics_listen: "Where /metrics, /healthz and /status are served, as host:port; nowhere by default.",
  log_file_bytes: "The size at which it becomes .1 and a new one is begun.",
  log_files: "How many files of the log are kept."
}

/** What the schema of the daemon cannot say of itself as JSON Schema. */
const more: Readonly<Partial<Record<ConfigKey, object>>> = {
  wake_command: { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" }, minItems: 1 }] },
  hub_url: { pattern: "^wss?://" },
  hub_api_url: { pattern: "^https?://" }
}

/** The JSON Schema of `config.json`. */
export const configSchema = (): object => {
  const { schema } = Schema.toJsonSchemaDocument(configFile("", false))
  const properties: Record<string, unknown> = { ...Object(schema["properties"]) }
  for (const [key, description] of Object.entries(descriptions)) {
    properties[key] = {
      description,
      ...Object(properties[key]),
      ...Object(Object.entries(more).find(([name]) => name === key)?.[1])
    }
  }
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "config.json of agentcom-sidecar",
    type: "object",
    properties,
    required: ["agent_id", "hub_url"],
    anyOf: [{ required: ["token"] }, { required: ["token_file"] }],
    additionalProperties: false
  }
}

export const configSchemaText = (): string => `${JSON.stringify(configSchema(), null, 2)}\n`

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL("../config.schema.json", import.meta.url), configSchemaText())
}
