import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { dirname, resolve } from "node:path"
import { loadSettings } from "../config/SidecarConfig.ts"
import { limits } from "../limits.ts"
import { platform } from "../platform.ts"
import { quotable } from "../secrets/quoted.ts"
import { knownSecrets, type Secret, secretsIn } from "../secrets/secret.ts"
import { type Check, failed, type Finding, ok, type Outcome, skipped, type Subject } from "./Check.ts"
import { commandCheck } from "./command.ts"
import { diskSpaceCheck } from "./disk.ts"
import { encryptionCheck } from "./encryption.ts"
import { folderCheck } from "./folder.ts"
import { heartbeatCheck } from "./heartbeat.ts"
import { clockCheck, tokenCheck, webSocketCheck } from "./hub.ts"
import { proxyCheck, tlsCheck } from "./line.ts"
import { lockCheck } from "./lock.ts"
import { connectionCheck, nameCheck } from "./network.ts"
import { pm2Check } from "./pm2.ts"
import { reaperCheck } from "./reaper.ts"
import { secretsCheck, writersCheck } from "./secrets.ts"
import { resultsWatcherCheck } from "./watcher.ts"
import { serviceUserCheck } from "./windows/serviceUser.ts"

/** What comes after the configuration, in the order of the findings. */
export const checks: ReadonlyArray<Check> = [
  folderCheck,
  lockCheck,
  secretsCheck,
  writersCheck,
  encryptionCheck,
  nameCheck,
  connectionCheck,
  proxyCheck,
  tlsCheck,
  webSocketCheck,
  tokenCheck,
  heartbeatCheck,
  commandCheck,
  clockCheck,
  diskSpaceCheck,
  resultsWatcherCheck,
  pm2Check,
  ...(platform === "linux" ? [reaperCheck] : []),
  ...(platform === "windows" ? [serviceUserCheck] : [])
]

const configuration = "configuration"

const unforeseen = (cause: Cause.Cause<never>): Effect.Effect<Outcome> =>
  Cause.hasInterruptsOnly(cause)
    ? Effect.failCause(cause)
    : Effect.succeed(
      failed(`the check itself broke: ${String(Cause.squash(cause))}`, "this is an error in the sidecar: report it")
    )

/** What the check comes to, within `doctor_check_ms` and whatever goes wrong in it. */
export const outcomeOf = ({ run }: Check, subject: Subject): Effect.Effect<Outcome> =>
  run(subject).pipe(
    Effect.timeoutOrElse({
      duration: limits.doctor_check_ms,
      orElse: () =>
        Effect.succeed(failed(`not done within ${limits.doctor_check_ms} ms`, "look at what this machine is busy with"))
    }),
    Effect.catchCause(unforeseen)
  )

const withoutSecrets = Effect.fnUntraced(function*(finding: Finding, secrets: ReadonlyArray<Secret>) {
  const remedy = finding.remedy === null ? null : yield* quotable(finding.remedy, secrets)
  return { ...finding, found: yield* quotable(finding.found, secrets), remedy }
})

export interface Patient {
  readonly config: string
  readonly final_exit_codes: ReadonlyArray<number>
}

/** The configuration's own finding, and whom to examine further. */
const admit = ({ config, final_exit_codes }: Patient) => {
  const path = resolve(config)
  return Effect.match(loadSettings(path), {
    onSuccess: (settings) => ({
      outcome: ok(`${path} is well-formed and complete`),
      subject: { config: path, folder: dirname(path), settings, final_exit_codes }
    }),
    onFailure: ({ problems }) => ({
      outcome: failed(problems.join("; "), "mend it (README.md, config.json), or make one: agentcom-sidecar init"),
      subject: undefined
    })
  })
}

/** Makes every check in turn and hands each finding to `tell` when it is there. Succeeds with whether all is well. */
export const examine = Effect.fnUntraced(function*<E>(
  patient: Patient,
  tell: (finding: Finding) => Effect.Effect<void, E>
) {
  const { outcome, subject } = yield* admit(patient)
  const secrets = subject === undefined ? secretsIn(process.env) : knownSecrets(subject.settings, process.env)
  const verdicts = new Map<string, Outcome["verdict"]>()
  const note = (check: string, of: Outcome) => {
    verdicts.set(check, of.verdict)
    return Effect.flatMap(withoutSecrets({ check, ...of }, secrets), tell)
  }
  yield* note(configuration, outcome)
  for (const check of checks) {
    const missing = subject === undefined ? configuration : check.needs
    const isPointless = subject === undefined || (missing !== undefined && verdicts.get(missing) !== "ok")
    yield* note(
      check.name,
      isPointless ? skipped(`not tried, as the ${missing} is not well`) : yield* outcomeOf(check, subject)
    )
  }
  return ![...verdicts.values()].includes("failed")
})
