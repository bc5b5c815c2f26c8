import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { readFile } from "node:fs/promises"
import { homedir } from "node:os"
import { join, resolve } from "node:path"
import { limits } from "../limits.ts"
import { platform } from "../platform.ts"
import { reaperRemedy, unreaped } from "../process/processTable.ts"
import { findProgram } from "../process/programs.ts"
import { type Check, failed, ok, type Outcome, runProgram, skipped, type Subject } from "./Check.ts"

const Word = Schema.Union([Schema.String, Schema.Finite])

/** The part of a process in `pm2 jlist` that is checked. The rest, its whole environment, is ignored. */
const App = Schema.Struct({
  name: Schema.String,
  pm2_env: Schema.Struct({
    pm_exec_path: Schema.String,
    pm_cwd: Schema.String,
    args: Schema.optionalKey(Schema.Union([Schema.String, Schema.Array(Word)])),
    exec_mode: Schema.optionalKey(Schema.Unknown),
    autorestart: Schema.optionalKey(Schema.Unknown),
    watch: Schema.optionalKey(Schema.Unknown),
    kill_timeout: Schema.optionalKey(Schema.Unknown),
    treekill: Schema.optionalKey(Schema.Unknown),
    stop_exit_codes: Schema.optionalKey(Schema.Union([Word, Schema.Array(Word)])),
    shutdown_with_message: Schema.optionalKey(Schema.Unknown)
  })
})
type App = typeof App.Type

const decodeApps = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Array(Schema.Unknown)))
const decodeApp = Schema.decodeUnknownOption(App)

/** The processes in the output of `pm2 jlist`, which may begin with notes of pm2 itself. */
export const appsIn = (printed: string): ReadonlyArray<App> =>
  Option.getOrElse(decodeApps(/^\[(?:\{|\]).*$/m.exec(printed)?.[0]), () => [])
    .flatMap((app) => Option.toArray(decodeApp(app)))

const configOf = ({ pm2_env: { args = [], pm_cwd } }: App): string => {
  const words = typeof args === "string" ? args.split(" ") : args.map(String)
  const inline = words.find((word) => word.startsWith("--config="))?.slice("--config=".length)
  const at = words.indexOf("--config")
  return resolve(pm_cwd, inline ?? (at < 0 ? undefined : words[at + 1]) ?? "config.json")
}

const isOurs = (app: App, config: string): boolean =>
  /(?:^|[\\/])(?:main\.js|start\.mjs|agentcom-sidecar)$/.test(app.pm2_env.pm_exec_path) && configOf(app) === config

/** The wrong settings, each with its consequence. */
const faultsOf = ({ pm2_env }: App, { final_exit_codes }: Subject, windows: boolean): ReadonlyArray<string> => {
  const { autorestart, exec_mode, kill_timeout, shutdown_with_message, stop_exit_codes = [], treekill, watch } = pm2_env
  const codes = new Set([stop_exit_codes].flat().map(Number))
  const missing = final_exit_codes.filter((code) => !codes.has(code))
  const faults: ReadonlyArray<readonly [is: boolean, fault: string]> = [
    [treekill !== false, "treekill is not false: stopping the sidecar would kill the agent at its work"],
    [
      Number(kill_timeout ?? 0) <= limits.shutdown_ms,
      `kill_timeout is not above ${limits.shutdown_ms}: it may be killed before it has stopped`
    ],
    [missing.length > 0, `stop_exit_codes lacks ${missing.join(", ")}: it would be started again and again in vain`],
    [codes.has(0), "stop_exit_codes has 0, which is also what pm2 calls a death by a signal: it would stay dead"],
    [exec_mode === "cluster_mode", "exec_mode is cluster: pm2's own wrapper would take its signals"],
    [autorestart === false, "autorestart is false: after a crash it would stay dead"],
    [watch !== undefined && watch !== null && watch !== false, "watch is on: each file it writes would restart it"],
    [windows && shutdown_with_message !== true, "shutdown_with_message is not true: Windows would kill it at a stop"]
  ]
  return faults.flatMap(([is, fault]) => is ? [fault] : [])
}

/** Whether pm2, with this output of `pm2 jlist`, runs the sidecar of this configuration with the right settings. */
export const pm2Outcome = (printed: string, subject: Subject, windows: boolean): Outcome => {
  const apps = appsIn(printed).filter((app) => isOurs(app, subject.config))
  if (apps.length === 0) return skipped("pm2 runs, but not the sidecar of this configuration")
  const faults = [...new Set(apps.flatMap((app) => faultsOf(app, subject, windows)))]
  const names = [...new Set(apps.map(({ name }) => name))].join(", ")
  return faults.length === 0
    ? ok(`pm2 runs it as ${names}, with the settings it needs`)
    : failed(
      `pm2 runs it as ${names}: ${faults.join("; ")}`,
      `take ecosystem.config.cjs: pm2 delete ${names} && pm2 start ecosystem.config.cjs && pm2 save`
    )
}

/** Whether pm2's own daemon runs. Asking pm2 itself would start one. */
const runsPm2 = (home: string): Effect.Effect<boolean> =>
  Effect.promise(() =>
    readFile(join(home, "pm2.pid"), "utf8")
      .then((pid) => Number(pid) > 0 && process.kill(Number(pid), 0))
      .catch(() => false)
  )

export const pm2Check: Check = {
  name: "pm2",
  run: Effect.fnUntraced(function*(subject) {
    const pm2 = findProgram(["pm2", "jlist"], process.env, subject.folder)
    if (pm2._tag === "Impossible") {
      return skipped("there is no pm2 on the PATH that could be asked (try npx agentcom-sidecar doctor)")
    }
    const home = process.env["PM2_HOME"] ?? join(homedir(), ".pm2")
    if (!(yield* runsPm2(home))) return skipped("not under pm2: none runs for this user")
    const { code, out } = yield* runProgram(pm2.command, { cwd: subject.folder, env: process.env })
    return code === 0
      ? pm2Outcome(out, subject, platform === "windows")
      : failed(
        "pm2 does not say what it runs",
        "look at the output of pm2 list; pm2 update fixes one that is out of date"
      )
  })
}

/** Whether the first process removes ended processes that agents leave behind from the process table. */
export const reaperCheck: Check = {
  name: "reaper",
  run: () =>
    Effect.sync(() => {
      const reason = unreaped()
      return reason === null ? ok("ended processes are removed by the first process") : failed(reason, reaperRemedy)
    })
}
