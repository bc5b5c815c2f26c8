interface OptionKind {
  readonly type: "string" | "boolean"
  readonly short?: string
  /** What stands for its value in the help; in brackets where it may be left out. */
  readonly value?: string
}

/** The options of all commands; each command says which it takes, and for what. */
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
  watch: { type: "boolean" },
  follow: { type: "boolean", short: "f" },
  since: { type: "string", value: "WHEN" },
  yes: { type: "boolean" },
  "hub-url": { type: "string", value: "URL" },
  "agent-id": { type: "string", value: "NAME" },
  type: { type: "string", value: "TYPE" },
  capabilities: { type: "string", value: "A,B" },
  port: { type: "string", value: "PORT" },
  "time-scale": { type: "string", value: "N" },
  "token-file": { type: "string", value: "FILE" },
  "tls-ca": { type: "string", value: "FILE" },
  "tls-cert": { type: "string", value: "FILE" },
  "tls-key": { type: "string", value: "FILE" }
} as const satisfies Readonly<Record<string, OptionKind>>

export type OptionName = keyof typeof commandOptions

/** The options of a command, each with what it does there. */
export type OptionTexts = Readonly<Partial<Record<OptionName, string>>>

/** Whether the value of an option may be left out. */
export const isValueOptional = (name: string): boolean => name === "minimize"

/** What the command line gave, as it was typed. */
export type Options = Readonly<Partial<Record<OptionName, string>>>

export interface Command {
  /** What it does, in the words of the help. */
  readonly does: string
  readonly options: OptionTexts
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

const config = "whose folder (default: ./config.json)"

/** Each command is imported only when it is asked for, so that the daemon loads nothing it does not run. */
export const commands: Readonly<
  Record<
    "run" | "dry-run" | "init" | "doctor" | "status" | "logs" | "drain" | "exec" | "completion" | "dev-hub" | "demo",
    Command
  >
> = {
  run: {
    does: "runs the sidecar of an agent (the default)",
    options: {
      config: "its configuration (default: ./config.json); the file's folder is the agent's",
      record: "appends what it sees and does to the file, without the token"
    },
    takesSettings: true,
    load: () => import("./run.ts")
  },
  "dry-run": {
    does: "replays recordings: what the sidecar would do, with nothing woken, sent or written; - is standard input",
    options: {
      "dry-run": "the same",
      agent: "where a recording has frames only: confirms-after=MS|never,works=MS,exits=CODE",
      expect: "strict (the default), ignore=FIELD,FIELD (of the frames), or none",
      from: "prints nothing before: an ISO time, HH:MM:SS (UTC) or seconds from the beginning",
      to: "prints nothing after",
      task: "prints only what is about the task",
      json: "prints each event as a line of JSON",
      realtime: "prints at the pace of the recording",
      html: "and draws it: one page, to be opened in a browser",
      minimize: "instead prints, or writes to FILE, the first step that differs, as a row of a test"
    },
    takesFiles: true,
    load: () => import("./dryRun.ts")
  },
  init: {
    does: "registers an agent at the hub and writes its configuration; asks for what is not given",
    options: {
      config: "where to (default: ./config.json); what is there is never overwritten",
      "hub-url": "the hub's WebSocket",
      "agent-id": "the agent's name at the hub",
      type: "openclaw, claude, codex, gemini or script",
      capabilities: "what it can do",
      "token-file": "holds the token of a name that is registered already",
      "tls-ca": "holds the authority of a wss:// hub, if it is not one of the system's",
      "tls-cert": "holds the certificate by which the hub is to know this machine",
      "tls-key": "and its private key",
      yes: "takes the defaults, asks nothing"
    },
    load: () => import("./init.ts")
  },
  doctor: {
    does: "says what is wrong, and what to do about it; it disturbs no running sidecar",
    options: { config, json: "as one line of JSON" },
    load: () => import("./doctor.ts")
  },
  status: {
    does: "says what the sidecar of the folder is at",
    options: { config, json: "as one line of JSON", watch: "again each second" },
    load: () => import("./status.ts")
  },
  logs: {
    does: "shows the log as lines for people, with local times",
    options: {
      config: "whose (default: ./config.json)",
      follow: "and what is added, until it is stopped",
      task: "only what is about the task",
      since: "only from then on: how long ago (30s, 10m, 2h, 1d), a time (14:30) or a date"
    },
    load: () => import("./logs.ts")
  },
  drain: {
    does: "lets the sidecar finish its task, take no other and stop",
    options: { config },
    load: () => import("./drain.ts")
  },
  exec: {
    does: "used as wake_command: runs an agent that writes no files, its end is the answer",
    options: { json: "the JSON object that it prints is the answer", progress: "what it prints is told as progress" },
    takesCommand: true,
    load: () => import("./exec.ts")
  },
  completion: {
    does:
      "prints what makes bash, zsh, fish or powershell complete all this with the tab key; with - in its place it is " +
      "asked by them for what may follow the words on standard input",
    options: {},
    takesOneOf: ["bash", "zsh", "fish", "powershell", "-"],
    load: () => import("./completion.ts")
  },
  "dev-hub": {
    does: "runs a hub for development, on this machine only",
    options: {
      port: "where it listens (default: 4000; 0 takes any free port)",
      "time-scale": "how many times as fast as real its time passes (default: 1)"
    },
    load: () => import("./devHub.ts")
  },
  demo: {
    does: "shows the main job for real: a hub, the sidecar, an agent, a cut connection",
    options: {},
    load: () => import("./demo.ts")
  }
}

export type CommandName = keyof typeof commands

export const isCommand = (name: string): name is CommandName => Object.hasOwn(commands, name)

const isOption = (name: string): name is OptionName => Object.hasOwn(commandOptions, name)

/** The options that a command takes, in the order of its help. */
export const optionsOf = ({ options }: Command): ReadonlyArray<OptionName> => Object.keys(options).filter(isOption)
