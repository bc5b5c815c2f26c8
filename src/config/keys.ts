/** A key of `config.json`. The help, the completion, `config.schema.json` and the table in the README come from this. */
interface KeyKind {
  /** How its text in a variable or an option is read. */
  readonly read: "text" | "number" | "boolean" | "list" | "text or list" | "json"
  readonly does: string
}

/** The keys of `config.json`, in the order of the help. `ConfigFile.ts` has their bounds and defaults. */
export const configKeys = {
  agent_id: { read: "text", does: "the name the hub knows the agent by" },
  token: { read: "text", does: "the agent's token at the hub; required unless token_file is given" },
  token_file: { read: "text", does: "a file that holds the token and nothing else, in place of token" },
  hub_url: { read: "text", does: "the hub's WebSocket address, ws:// or wss://" },
  hub_api_url: { read: "text", does: "the hub's HTTP address" },
  tls_ca: { read: "text", does: "a PEM file of the certificate authorities to trust in place of the system's" },
  tls_cert: {
    read: "text",
    does: "a PEM file of the certificate that shows the hub which machine this is; needs tls_key"
  },
  tls_key: { read: "text", does: "a PEM file of the private key of tls_cert, without a passphrase" },
  wake_command: {
    read: "text or list",
    does: "what wakes the agent: a program and its arguments as a list, or a line for the shell"
  },
  prompt_template: { read: "text", does: "a file with the text that tells the agent what to do" },
  wake_command_blocks: { read: "boolean", does: "whether the command runs as long as the agent works" },
  capabilities: { read: "list", does: "what the agent can do; the hub matches it against what a task needs" },
  confirmation_timeout_ms: {
    read: "number",
    does: "the time from the spawn to the confirmation; after that the attempt has failed"
  },
  agent_silence_ms: { read: "number", does: "how long an agent may be silent after its command has ended" },
  output_silence_ms: {
    read: "number",
    does: "how long a known agent behind exec may print nothing before it is stopped"
  },
  task_timeout_ms: { read: "number", does: "how long a task may take from its first wake" },
  message_command: {
    read: "text or list",
    does: "what wakes the agent for messages, as wake_command does for a task; without it messages stay in the inbox"
  },
  message_command_blocks: { read: "boolean", does: "whether message_command runs as long as the agent works" },
  channels: { read: "list", does: "the channels whose messages the agent gets" },
  message_rules: {
    read: "json",
    does: "which messages are dropped, stored, delivered or delivered at once (docs/messages.md)"
  },
  batch_ms: { read: "number", does: "how long the first message waits for others" },
  batch_max: { read: "number", does: "how many messages are delivered together at most" },
  min_interval_ms: { read: "number", does: "the least time between the beginnings of two deliveries" },
  urgent_per_hour: { read: "number", does: "how often an hour a request or an alert of one sender shortens the wait" },
  deliver_while_working: { read: "boolean", does: "whether messages are delivered beside a task" },
  message_stale_ms: { read: "number", does: "from which age on a message is delivered with a note of its age" },
  max_deliveries_per_hour: { read: "number", does: "how many deliveries an hour there are at most" },
  sender_per_hour: { read: "number", does: "how many messages of one sender are delivered an hour" },
  thread_per_hour: { read: "number", does: "how many messages of one thread are delivered an hour" },
  channel_per_hour: { read: "number", does: "how many messages of one channel are delivered an hour" },
  room_per_hour: { read: "number", does: "how many messages of the room are delivered an hour" },
  answers_per_hour: { read: "number", does: "how many messages an hour the agent and the sidecar answer" },
  send_max_bytes: { read: "number", does: "how large a message of the agent may be" },
  kill_grace_ms: { read: "number", does: "the time between TERM and KILL when an agent is stopped" },
  retention_days: {
    read: "number",
    does: "how long files that belong to no task stay before they are moved to results/expired/"
  },
  update_timeout_ms: { read: "number", does: "how long the update at a start may take; 0 turns it off" },
  metrics_listen: { read: "text", does: "the host:port that serves /metrics, /healthz and /status" },
  agent_dir: { read: "text", does: "the folder in which the agent works; by default that of config.json" },
  results_dir: { read: "text", does: "where the agent writes its answers" },
  tasks_dir: { read: "text", does: "the folder for payloads, output and wake records" },
  log_file: { read: "text", does: "the log, one JSON object a line" },
  log_file_bytes: { read: "number", does: "the size at which the log becomes .1, the old .1 becomes .2, and so on" },
  log_files: { read: "number", does: "how many log files are kept" }
} as const satisfies Readonly<Record<string, KeyKind>>

export type ConfigKey = keyof typeof configKeys

export const isConfigKey = (name: string): name is ConfigKey => Object.hasOwn(configKeys, name)

export const configKeyNames: ReadonlyArray<ConfigKey> = Object.keys(configKeys).filter(isConfigKey)

/** The environment variable of a key. */
export const variableOf = (key: ConfigKey): string => `AGENTCOM_${key.toUpperCase()}`

/** The command line option of a key, without its dashes. */
export const flagOf = (key: ConfigKey): string => key.replaceAll("_", "-")

/** The command line options of all keys except the token, which every user of the machine could see there. */
export const configFlags: ReadonlyArray<string> = configKeyNames.filter((key) => key !== "token").map(flagOf)
