interface OptionKind {
  readonly type: "string" | "boolean"
  readonly short?: string
  /** The placeholder for its value in the help. Brackets mean that the value is optional. */
  readonly value?: string
}

/** The options of all commands. Each command lists those that it takes. */
export const commandOptions = {
  config: { type: "string", value: "FILE" },
  record: { type: "string", value: "FILE" },
  "dry-run": { type: "string", value: "FILE ..." },
  agent: { type: "string", value: "HOW" },
  expect: { type: "string", value: "WHAT" },
  from: { type: "string", value: "TIME" },
  to: { type: "string", value: "TIME" },
  task: { type: "string", value: "ID" },
  realtime: { type: "boolean" },
  html: { type: "string", value: "FILE" },
  minimize: { type: "string", value: "[FILE]" },
  json: { type: "boolean" },
  progress: { type: "boolean" },
  "need-output": { type: "boolean" },
  watch: { type: "boolean" },
  follow: { type: "boolean", short: "f" },
  since: { type: "string", value: "WHEN" },
  channel: { type: "string", value: "NAME" },
  room: { type: "boolean" },
  all: { type: "boolean" },
  "reply-to": { type: "string", value: "ID" },
  wait: { type: "string", value: "[SECONDS]" },
  yes: { type: "boolean" },
  "hub-url": { type: "string", value: "URL" },
  "agent-id": { type: "string", value: "NAME" },
  type: { type: "string", value: "TYPE" },
  may: { type: "string", value: "WHAT" },
  capabilities: { type: "string", value: "A,B" },
  port: { type: "string", value: "PORT" },
  "time-scale": { type: "string", value: "N" },
  "message-cost": { type: "string", value: "MS" },
  "token-file": { type: "string", value: "FILE" },
  "tls-ca": { type: "string", value: "FILE" },
  "tls-cert": { type: "string", value: "FILE" },
  "tls-key": { type: "string", value: "FILE" }
} as const satisfies Readonly<Record<string, OptionKind>>

export type OptionName = keyof typeof commandOptions

/** The options on the command line, as they were typed. */
export type Options = Readonly<Partial<Record<OptionName, string>>>

export interface Command {
  /** What it does, for the help. */
  readonly does: string
  /** Its options, each with its text in the help. */
  readonly options: Readonly<Partial<Record<OptionName, string>>>
  /** Its own words in the help for the values of options that other commands have too. */
  readonly values?: Readonly<Partial<Record<OptionName, string>>>
  /** Whether each key of the configuration is an option too. */
  readonly takesSettings?: true
  /** Whether the command line of another program follows behind `--`. */
  readonly takesCommand?: true
  /** The values of its one argument. */
  readonly takesOneOf?: ReadonlyArray<string>
  /** Whether one text follows. */
  readonly takesText?: true
  /** Whether one or more files follow. */
  readonly takesFiles?: true
  readonly load: () => Promise<(options: Options, rest: ReadonlyArray<string>) => void>
}

export type CommandName =
  | "run"
  | "dry-run"
  | "init"
  | "doctor"
  | "status"
  | "logs"
  | "drain"
  | "send"
  | "inbox"
  | "agents"
  | "exec"
  | "completion"
  | "dev-hub"
  | "demo"

const config = "the configuration in the agent's folder (default: ./config.json)"

/** The commands, in the order of the help. Each is imported only to run it, so that `run` loads nothing that it does not use. */
export const commands: Readonly<Record<CommandName, Command>> = {
  run: {
    does: "runs the sidecar of an agent (the default)",
    options: {
      config: "the configuration (default: ./config.json); its folder is the agent's folder",
      record: "appends everything that it receives and does to the file, without the token"
    },
    takesSettings: true,
    load: async () => (await import("./run.ts")).main
  },
  "dry-run": {
    does: "replays recordings and shows what this version would do; wakes, sends and writes nothing",
    options: {
      "dry-run": "the same; - is standard input",
      agent: "what the agent does if a recording has only frames: confirms-after=MS|never,works=MS,exits=CODE",
      expect: "how frames are compared: strict (the default), ignore=FIELD,FIELD or none",
      from: "prints nothing before: an ISO time, HH:MM:SS (UTC) or seconds from the beginning",
      to: "prints nothing after",
      task: "prints only what is about the task",
      json: "prints each event as a line of JSON",
      realtime: "prints at the pace of the recording",
      html: "also draws it as one page, to be opened in a browser",
      minimize: "prints only the first step that differs, as a row of a test, or writes it to FILE"
    },
    takesFiles: true,
    load: async () => (await import("./dryRun.ts")).main
  },
  init: {
    does: "registers an agent at the hub and writes its config.json; asks for what is not given",
    options: {
      config: "the file to write (default: ./config.json); an existing file is never overwritten",
      "hub-url": "the address of the hub's WebSocket",
      "agent-id": "the agent's name at the hub",
      type: "openclaw, claude, codex, copilot, gemini, opencode, qwen or script",
      may: "what the agent may do in its folder: read, edit (the default) or all, which is to run commands too",
      capabilities: "what it can do",
      "token-file": "holds the token of an agent that is registered already",
      "tls-ca": "holds the certificate authority of a wss:// hub, if the system does not have it",
      "tls-cert": "holds the certificate that shows the hub which machine this is",
      "tls-key": "holds the private key of that certificate",
      yes: "takes the defaults and asks nothing"
    },
    load: async () => (await import("./init.ts")).main
  },
  doctor: {
    does: "checks what a sidecar needs, says how to fix what is wrong, and disturbs nothing",
    options: { config, json: "as one line of JSON" },
    load: async () => (await import("./doctor.ts")).main
  },
  status: {
    does: "shows what the sidecar of the folder does; if none runs, what its state file holds",
    options: { config, json: "as one line of JSON", watch: "again each second" },
    load: async () => (await import("./control.ts")).status
  },
  logs: {
    does: "shows the log as readable lines with local times",
    options: {
      config,
      follow: "also shows new lines, until it is stopped",
      task: "shows only lines about the task, or the batch of messages",
      since: "shows only lines from then on: how long ago (30s, 10m, 2h, 1d), a time (14:30) or a date"
    },
    load: async () => (await import("./logs.ts")).main
  },
  drain: {
    does: "lets the sidecar finish its task, take no other, and stop with 0",
    options: { config },
    load: async () => (await import("./control.ts")).drain
  },
  send: {
    does: "writes a message to another agent, and says what became of it; - is standard input",
    options: {
      config: "the configuration of the sender (default: that of the sidecar that woke it, else ./config.json)",
      to: "the agent that gets it",
      channel: "all who have subscribed to the channel get it",
      room: "it is said in the room",
      all: "all agents get it",
      "reply-to": "the id of the message that it answers",
      type: "the type, which tells the receiver what is asked (default: chat, of an answer response)",
      wait: "waits for the reply and prints it (default: 60 seconds); it is not delivered again"
    },
    values: { to: "AGENT" },
    takesText: true,
    load: async () => (await import("./send.ts")).main
  },
  inbox: {
    does: "lists the messages that came: what waits, what was answered, kept or dropped, and why",
    options: { config, all: "also those that were delivered", json: "as one line of JSON" },
    load: async () => (await import("./inbox.ts")).main
  },
  agents: {
    does: "lists the agents that are connected to the hub, each with what it is at and what it can do",
    options: { config },
    load: async () => (await import("./agents.ts")).main
  },
  exec: {
    does: "used in wake_command: runs an agent that writes no files, and turns the end of the command into the answer",
    options: {
      agent: "claude, codex, copilot, gemini, openclaw, opencode or qwen, if its program has another name; or plain",
      json: "the JSON object that it prints is the answer",
      progress: "what it prints is reported as progress",
      "need-output": "a command that prints nothing has failed"
    },
    values: { agent: "NAME" },
    takesCommand: true,
    load: async () => (await import("./exec.ts")).main
  },
  completion: {
    does: "prints the completion script for bash, zsh, fish or powershell",
    options: {},
    // The script calls it with -. Then it prints what may follow the words on standard input.
    takesOneOf: ["bash", "zsh", "fish", "powershell", "-"],
    load: async () => (await import("./completion.ts")).main
  },
  "dev-hub": {
    does: "runs a hub for development, on this machine only",
    options: {
      port: "where it listens (default: 4000; 0 takes any free port)",
      "time-scale": "how many times as fast as real time its time passes (default: 1)",
      "message-cost": "how many ms of its time a message takes, one after the other (default: 0)"
    },
    load: async () => (await import("./dev.ts")).devHub
  },
  demo: {
    does: "shows the main job: a hub, two sidecars, their agents, a connection that is cut, and messages",
    options: {},
    load: async () => (await import("./dev.ts")).demo
  }
}

export const isCommand = (name: string): name is CommandName => Object.hasOwn(commands, name)

const isOption = (name: string): name is OptionName => Object.hasOwn(commandOptions, name)

/** The options that a command takes, in the order of its help. */
export const optionsOf = ({ options }: Command): ReadonlyArray<OptionName> => Object.keys(options).filter(isOption)
