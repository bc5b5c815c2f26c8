import { exec } from "../exec/exec.ts"
import type { Options } from "./commands.ts"
import { runToEnd } from "./runMain.ts"

export const main = ({ json, progress }: Options, command: ReadonlyArray<string>): void =>
  runToEnd(exec({ command, json: json !== undefined, progress: progress !== undefined }))
