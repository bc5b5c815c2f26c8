/** The options of all commands; each command says which it takes. */
export const commandOptions = {
  config: { type: "string" },
  record: { type: "string" },
  "dry-run": { type: "string" },
  agent: { type: "string" },
  expect: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  task: { type: "string" },
  realtime: { type: "boolean" },
  html: { type: "string" },
  minimize: { type: "string" },
  json: { type: "boolean" },
  progress: { type: "boolean" },
  watch: { type: "boolean" },
  follow: { type: "boolean", short: "f" },
  since: { type: "string" },
  yes: { type: "boolean" },
  "hub-url": { type: "string" },
  "agent-id": { type: "string" },
  type: { type: "string" },
  capabilities: { type: "string" },
  port: { type: "string" },
  "time-scale": { type: "string" },
  "token-file": { type: "string" },
  "tls-ca": { type: "string" },
  "tls-cert": { type: "string" },
  "tls-key": { type: "string" }
} as const

/** The options whose value may be left out. */
export const optionalValues: ReadonlySet<string> = new Set(
  ["minimize"] satisfies ReadonlyArray<keyof typeof commandOptions>
)

export type OptionName = keyof typeof commandOptions

/** What the command line gave, as it was typed. */
export type Options = Readonly<Partial<Record<OptionName, string>>>

interface Command {
  readonly options: ReadonlyArray<OptionName>
  /** Whether each key of the configuration may be given as an option. */
  readonly takesSettings?: true
  /** Whether the command line of another program follows, behind `--`. */
  readonly takesCommand?: true
  /** What its one argument may be. */
  readonly takesOneOf?: ReadonlyArray<string>
  /** Whether files follow, one or more. */
  readonly takesFiles?: true
  readonly load: () => Promise<{ readonly main: (options: Options, rest: ReadonlyArray<string>) => void }>
}

/** Each command is imported only when it is asked for, so that the daemon loads nothing it does not run. */
export const commands: Readonly<
  Record<
    "run" | "dry-run" | "init" | "doctor" | "status" | "logs" | "drain" | "exec" | "completion" | "dev-hub" | "demo",
    Command
  >
> = {
  run: { options: ["config", "record"], takesSettings: true, load: () => import("./run.ts") },
  "dry-run": {
    options: ["dry-run", "agent", "expect", "from", "to", "task", "json", "realtime", "html", "minimize"],
    takesFiles: true,
    load: () => import("./dryRun.ts")
  },
  init: {
    options: [
      "config",
      "hub-url",
      "agent-id",
      "type",
      "capabilities",
      "token-file",
      "tls-ca",
      "tls-cert",
      "tls-key",
      "yes"
    ],
    load: () => import("./init.ts")
  },
  doctor: { options: ["config", "json"], load: () => import("./doctor.ts") },
  status: { options: ["config", "json", "watch"], load: () => import("./status.ts") },
  logs: { options: ["config", "follow", "task", "since"], load: () => import("./logs.ts") },
  drain: { options: ["config"], load: () => import("./drain.ts") },
  exec: { options: ["json", "progress"], takesCommand: true, load: () => import("./exec.ts") },
  completion: {
    options: [],
    takesOneOf: ["bash", "zsh", "fish", "powershell", "-"],
    load: () => import("./completion.ts")
  },
  "dev-hub": { options: ["port", "time-scale"], load: () => import("./devHub.ts") },
  demo: { options: [], load: () => import("./demo.ts") }
}

export type CommandName = keyof typeof commands
