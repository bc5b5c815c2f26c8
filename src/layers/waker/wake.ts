import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { FileHandle } from "node:fs/promises"
import { mkdir, open } from "node:fs/promises"
import { dirname } from "node:path"
import type { Task, WakeEnd } from "../../domain/Task.ts"
import { limits } from "../../limits.ts"
import { platform } from "../../platform.ts"
import { WakeImpossible } from "../../services/Waker.ts"
import type { Settings } from "../../SidecarConfig.ts"
import { attempt, writeDurably } from "../files.ts"
import { childEnvironment, payloadText, tooLarge } from "./environment.ts"
import { launchOf } from "./launcher.ts"
import { outputTail, spawnDetached, wakeEnd } from "./spawn.ts"
import type { WakeFiles } from "./taskFiles.ts"
import { logPath } from "./taskFiles.ts"

/** The wakes that this life of the daemon spawned and that have not ended, by their ids. */
export type RunningWakes = Map<string, WakeFiles>

/** Fails where the command reads a variable that the platform could not carry for this task. */
export const checkPossible = (command: string, task: Task): Effect.Effect<void, WakeImpossible> => {
  const names = tooLarge(command, task, payloadText(task), platform).map((name) => `\${${name}}`).join(" and ")
  return names === ""
    ? Effect.void
    : new WakeImpossible({
      remedy: `the wake_command uses ${names}, which this task makes larger than the ` +
        `${limits.payload_in_env_bytes} bytes an environment variable can hold: let it read the file \${TASK_FILE} instead`
    })
}

/** Writes the payload and spawns the command; returns with what waits for its end. */
export const spawnWake = (
  settings: Settings,
  boot: string,
  running: RunningWakes,
  task: Task,
  files: WakeFiles
) => {
  const { payload_path, record_path, wake_id } = files
  const log_path = logPath(settings.tasks_dir, task.task_id)
  const payload = payloadText(task)

  const write = attempt(payload_path, async () => {
    await mkdir(settings.tasks_dir, { recursive: true, mode: 0o700 })
    await writeDurably(payload_path, payload)
  })

  const spawn = Effect.fnUntraced(function*(log: FileHandle) {
    const { size } = yield* attempt(log_path, () => log.stat())
    const exit = yield* Effect.suspend(() => {
      running.set(wake_id, files)
      return spawnDetached(
        launchOf(platform, record_path, { wake_id, boot, log_offset: size }, settings.wake_command),
        {
          cwd: dirname(settings.state_file),
          env: childEnvironment(
            process.env,
            { token: Redacted.value(settings.token), results_dir: settings.results_dir },
            task,
            payload,
            files,
            platform
          ),
          log
        },
        () => running.delete(wake_id)
      )
    })
    const end: Effect.Effect<WakeEnd> = Effect.flatMap(
      Deferred.await(exit),
      (how) => wakeEnd(how, outputTail(log_path, size))
    )
    return { end }
  })

  return Effect.andThen(
    write,
    Effect.acquireUseRelease(
      attempt(log_path, () => open(log_path, "a", 0o600)),
      spawn,
      (log) => Effect.ignore(attempt(log_path, () => log.close()))
    )
  )
}
