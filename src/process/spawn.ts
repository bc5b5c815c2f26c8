import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import type { FileHandle } from "node:fs/promises"
import type { WakeEnd } from "../domain/Work.ts"
import { codeOf, reasonOf } from "../storage/files.ts"
import type { Launch } from "./launcher.ts"
import { programProblem } from "./programs.ts"

/** How a process ended. */
export type ProcessEnd =
  | { readonly _tag: "Exited"; readonly code: number }
  | { readonly _tag: "Killed"; readonly signal: string }

/** What the `exit` event of a child process says. */
export const processEnd = (code: number | null, signal: string | null): ProcessEnd =>
  code === null ? { _tag: "Killed", signal: signal ?? "a signal" } : { _tag: "Exited", code }

/** How the leader of a wake ended, or why it could not be spawned; `code` is the system's. */
export type Exit = ProcessEnd | { readonly _tag: "Unspawned"; readonly reason: string; readonly code: string }

interface SpawnOptions {
  readonly cwd: string
  readonly env: Record<string, string>
  readonly log: FileHandle
}

/** A command that runs. If it could not be spawned, `pid` is null and `exit` says why. */
interface Spawned {
  readonly pid: number | null
  readonly exit: Effect.Effect<Exit>
}

/**
 * Spawns `launch` detached in a process group of its own, with its output appended to the log. Returns as soon as it runs
 * or could not be spawned.
 */
export const spawnDetached = (launch: Launch, { cwd, env, log }: SpawnOptions): Effect.Effect<Spawned> =>
  Effect.callback<Spawned>((resume) => {
    const exit = Deferred.makeUnsafe<Exit>()
    const spawned = (pid: number | null) => resume(Effect.succeed({ pid, exit: Deferred.await(exit) }))
    const settle = (outcome: Exit) => {
      Deferred.doneUnsafe(exit, Effect.succeed(outcome))
      spawned(null)
    }
    const unspawned = (cause: unknown) =>
      settle({
        _tag: "Unspawned",
        reason: `${launch.file} could not be started in ${cwd}: ${reasonOf(cause)}`,
        code: codeOf(cause)
      })
    try {
      const stdio: ["ignore", number, number] = ["ignore", log.fd, log.fd]
      const child = spawn(launch.file, [...launch.args], {
        cwd,
        env: { ...env, ...launch.env },
        detached: true,
        stdio,
        windowsHide: true
      })
      child.on("error", unspawned)
      child.once("exit", (code, signal) => settle(processEnd(code, signal)))
      child.once("spawn", () => spawned(child.pid ?? null))
      child.unref()
    } catch (cause) {
      unspawned(cause)
    }
  }).pipe(Effect.uninterruptible)

/** What shells print about a program that they could not run; the first group is its name. */
const complaints: ReadonlyArray<RegExp> = [
  /^(?:[\w./-]*sh|launcher): (?:line )?(?:\d+: )?(?:exec: )?(.+?): (?:command )?not found$/m,
  /^[\w./-]*sh:\d+: command not found: (.+)$/m,
  /^(?:[\w./-]*sh|launcher): (?:line )?(?:\d+: )?(?:exec: )?(.+?): (?:Permission denied|No such file or directory|not executable.*|cannot execute.*|Is a directory)$/m,
  /^\/?[\w./-]*env: [‘'"]?(.+?)[’'"]?: (?:No such file or directory|Permission denied)$/m,
  /^'(.+?)' is not recognized as an internal or external command,/m
]

/** What the launcher of a list prints if it could not become its program, except when the arguments are too long. */
const launcherComplaint =
  /^(?:launcher: .*(?:not found|No such file or directory|Permission denied|not executable|cannot execute|Exec format error|Is a directory|bad interpreter)|spawn .* E(?:NOENT|ACCES))/m

/** Whether nothing of the command ran because this machine cannot run its program. */
const couldNotBecome = (exit_code: number, output: string): boolean =>
  (exit_code === 126 || exit_code === 127) && launcherComplaint.test(output)

const named = (output: string): string | undefined =>
  complaints.map((complaint) => complaint.exec(output)?.[1]).find((name) => name !== undefined)

const firstWord = (command: string): string =>
  /^\s*(?:exec\s+)?(?:"([^"]+)"|'([^']+)'|(\S+))/.exec(command)
    ?.slice(1).find((word) => word !== undefined) ?? command

/**
 * The output of a wake command. If the exit code (126 or 127; 9009 from cmd.exe) says that a program could not be run, the
 * sentence for that program comes first. `command` is the line for the shell, null for a list. `problemOf` says what is
 * wrong with a program, if a look at it shows that.
 */
export const nameMissingProgram = (
  command: string | null,
  exit_code: number,
  output: string,
  problemOf: (program: string) => string | undefined = () => undefined
): string => {
  if (![126, 127, 9009].includes(exit_code)) return output
  const program = named(output) ?? (command === null ? undefined : firstWord(command))
  if (program === undefined) return output
  const sentence = problemOf(program) ?? programProblem(program, exit_code === 126 ? "EACCES" : "ENOENT")
  return output.includes("\n") ? `${sentence}\n${output}` : sentence
}

/** A command that a shell ran; `problemOf` as above. */
interface ShellLine {
  readonly command: string
  readonly problemOf: (program: string) => string | undefined
}

/** What an exit means, with the end of the output that `tail` reads; `line` is null for a list. */
export const wakeEnd = (exit: Exit, line: ShellLine | null, tail: Effect.Effect<string>): Effect.Effect<WakeEnd> => {
  if (exit._tag === "Unspawned") return Effect.succeed({ how: "unspawned", code: null, output: exit.reason })
  return Effect.map(tail, (output): WakeEnd => {
    if (exit._tag === "Killed") {
      return { how: "killed", code: null, output: `ended by ${exit.signal}${output === "" ? "" : `\n${output}`}` }
    }
    const said = nameMissingProgram(line?.command ?? null, exit.code, output, line?.problemOf)
    return line === null && couldNotBecome(exit.code, output)
      ? { how: "unspawned", code: null, output: said }
      : { how: "exited", code: exit.code, output: said }
  })
}
