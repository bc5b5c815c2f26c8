/** The keys of `config.json`, each with how its text in a variable or an option is read. */
export const configKeys = {
  agent_id: "text",
  token: "text",
  token_file: "text",
  hub_url: "text",
  hub_api_url: "text",
  tls_ca: "text",
  tls_cert: "text",
  tls_key: "text",
  wake_command: "text or list",
  prompt_template: "text",
  wake_command_blocks: "boolean",
  capabilities: "list",
  confirmation_timeout_ms: "number",
  agent_silence_ms: "number",
  task_timeout_ms: "number",
  kill_grace_ms: "number",
  retention_days: "number",
  update_timeout_ms: "number",
  metrics_listen: "text",
  results_dir: "text",
  tasks_dir: "text",
  log_file: "text",
  log_file_bytes: "number",
  log_files: "number"
} as const

export type ConfigKey = keyof typeof configKeys

export const isConfigKey = (name: string): name is ConfigKey => Object.hasOwn(configKeys, name)

export const configKeyNames: ReadonlyArray<ConfigKey> = Object.keys(configKeys).filter(isConfigKey)

/** The environment variable of a key. */
export const variableOf = (key: ConfigKey): string => `AGENTCOM_${key.toUpperCase()}`

/** The command line option of a key, without its dashes. */
export const flagOf = (key: ConfigKey): string => key.replaceAll("_", "-")

/** The command line options of all keys except the token, which every user of the machine could see there. */
export const configFlags: ReadonlyArray<string> = configKeyNames.filter((key) => key !== "token").map(flagOf)
