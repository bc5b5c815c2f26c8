export type OptionName = "config" | "port" | "time-scale"

/** What the command line gave, as it was typed. */
export type Options = Readonly<Partial<Record<OptionName, string>>>

interface Command {
  readonly options: ReadonlyArray<OptionName>
  readonly load: () => Promise<{ readonly main: (options: Options) => void }>
}

/** Each command is imported only when it is asked for, so that the daemon loads nothing it does not run. */
export const commands: Readonly<Record<"run" | "dev-hub" | "demo", Command>> = {
  run: { options: ["config"], load: () => import("./run.ts") },
  "dev-hub": { options: ["port", "time-scale"], load: () => import("./devHub.ts") },
  demo: { options: [], load: () => import("./demo.ts") }
}

export type CommandName = keyof typeof commands
