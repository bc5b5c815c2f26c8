import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { dirname, resolve } from "node:path"
import { loadSettings } from "../config/SidecarConfig.ts"
import { platform } from "../platform.ts"
import { knownSecrets, quotable, type Secret, secretsIn } from "../secrets/secret.ts"
import { type Check, failed, type Finding, ok, type Outcome, skipped, type Subject } from "./Check.ts"
import { commandCheck, messageCommandCheck } from "./command.ts"
import { encryptionCheck, secretsCheck, writersCheck } from "./exposure.ts"
import { diskSpaceCheck, folderCheck, lockCheck } from "./folder.ts"
import { clockCheck, heartbeatCheck, tokenCheck, webSocketCheck } from "./hub.ts"
import { inboxCheck } from "./inbox.ts"
import { connectionCheck, nameCheck, proxyCheck, tlsCheck } from "./network.ts"
import { pm2Check, reaperCheck } from "./supervisor.ts"
import { resultsWatcherCheck } from "./watcher.ts"
import { serviceUserCheck } from "./windowsService.ts"

export const doctor_check_ms = 15_000 // a check that takes longer fails

/** All checks except that of the configuration, in the order of the findings. */
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
  messageCommandCheck,
  clockCheck,
  diskSpaceCheck,
  inboxCheck,
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
      failed(`the check itself failed: ${String(Cause.squash(cause))}`, "this is an error in the sidecar: report it")
    )

/** Runs a check. One that dies, or takes longer than `doctor_check_ms`, has failed. */
export const outcomeOf = ({ run }: Check, subject: Subject): Effect.Effect<Outcome> =>
  run(subject).pipe(
    Effect.timeoutOrElse({
      duration: doctor_check_ms,
      orElse: () =>
        Effect.succeed(failed(`not done within ${doctor_check_ms} ms`, "look at what this machine is busy with"))
    }),
    Effect.catchCause(unforeseen)
  )

const withoutSecrets = Effect.fnUntraced(function*(finding: Finding, secrets: ReadonlyArray<Secret>) {
  const remedy = finding.remedy === null ? null : yield* quotable(finding.remedy, secrets)
  return { ...finding, found: yield* quotable(finding.found, secrets), remedy }
})

/** Runs the checks one after the other and passes each finding to `tell`. Returns whether none has failed. */
export const examine = Effect.fnUntraced(function*<E>(
  { config, final_exit_codes }: Pick<Subject, "config" | "final_exit_codes">,
  tell: (finding: Finding) => Effect.Effect<void, E>
) {
  const path = resolve(config)
  const loaded = yield* Effect.result(loadSettings(path))
  const settings = Result.getOrUndefined(loaded)
  const secrets = settings === undefined ? secretsIn(process.env) : knownSecrets(settings, process.env)
  const verdicts = new Map<string, Outcome["verdict"]>()
  const note = (check: string, of: Outcome) => {
    verdicts.set(check, of.verdict)
    return Effect.flatMap(withoutSecrets({ check, ...of }, secrets), tell)
  }
  const configurationOutcome = Result.match(loaded, {
    onSuccess: () => ok(`${path} is well-formed and complete`),
    onFailure: ({ problems }) =>
      failed(problems.join("; "), "fix it (README.md, config.json), or make one: agentcom-sidecar init")
  })
  yield* note(configuration, configurationOutcome)
  for (const check of checks) {
    const needs = settings === undefined ? configuration : check.needs
    const isPointless = settings === undefined || (needs !== undefined && verdicts.get(needs) !== "ok")
    yield* note(
      check.name,
      isPointless
        ? skipped(`not tried, as the ${needs} is not ok`)
        : yield* outcomeOf(check, { config: path, folder: dirname(path), settings, final_exit_codes })
    )
  }
  return ![...verdicts.values()].includes("failed")
})
