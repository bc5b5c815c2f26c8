import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { FolderEvidence } from "../domain/Evidence.ts"
import type { Message } from "../domain/Message.ts"
import type { WakeEnd } from "../domain/Task.ts"
import type { FolderLease } from "../services/FolderLease.ts"
import type { OrphanedFiles } from "../services/Orphans.ts"
import type { Observation, ResultWatcher } from "../services/ResultWatcher.ts"
import type { Waker } from "../services/Waker.ts"
import type { CommandOf, Surroundings } from "./Surroundings.ts"
import { awaitRetry } from "./wakeRetry.ts"

const messageOf = (task_id: string, wake_id: string | null, seen: Observation): Message => {
  switch (seen._tag) {
    case "Started":
      return { _tag: "AgentStarted", task_id, wake_id }
    case "Progress":
      return { _tag: "ProgressFound", task_id, progress: seen.progress }
    case "Answer":
      return { _tag: "ResultFound", task_id, answer: seen.answer }
  }
}

/** Of a folder that cannot be read nobody knows what it holds. */
const unread: FolderEvidence = { started: false, last_sign_at: null, answer: "unknown" }

/** The end of a wake whose folder was gone: nothing ran. */
const unwritten = (reason: string): WakeEnd => ({ how: "unwritten", code: null, output: reason })

type Check = Context.Service.Shape<typeof FolderLease>["check"]

/** Looks at what there is of the agent. Where the folder is gone, nobody knows what is in it. */
const inspectAgent = (
  waker: Waker["Service"],
  watcher: ResultWatcher["Service"],
  check: Check,
  learn: Surroundings["learn"]
) =>
  Effect.fnUntraced(function*({ task }: CommandOf<"InspectAgent">) {
    const process = yield* waker.inspect(task)
    const seen = yield* Effect.andThen(check, watcher.look(task.task_id)).pipe(
      Effect.catchTag("FolderGone", () => Effect.succeed(null))
    )
    yield* learn({
      _tag: "AgentInspected",
      task_id: task.task_id,
      evidence: { ...process, ...seen ?? unread }
    })
  })

/** The commands about the agent: its processes and its files. */
export const agentCommands = (
  waker: Waker["Service"],
  watcher: ResultWatcher["Service"],
  orphans: OrphanedFiles,
  check: Check,
  { fibers, learn, post }: Surroundings
) => {
  /** Tells how the command of a wake ended, and what it wrote in its last moment; one that is told of already stays so. */
  const awaitEnd = (task_id: string, wake_id: string, ended: Effect.Effect<WakeEnd>) =>
    fibers.runOnce(
      `end of ${wake_id}`,
      Effect.flatMap(
        ended,
        (end) => Effect.andThen(watcher.rescan(task_id), post({ _tag: "WakeExited", task_id, wake_id, end }))
      )
    )

  const wake = ({ task, wake_id }: CommandOf<"WakeAgent">) => {
    const { task_id } = task
    return Effect.gen(function*() {
      const { end } = yield* Effect.andThen(check, waker.wake(task, wake_id)).pipe(
        Effect.catchTag("FolderGone", ({ message }) => Effect.succeed({ end: Effect.succeed(unwritten(message)) }))
      )
      yield* post({ _tag: "WakeSpawned", task_id, wake_id })
      yield* awaitEnd(task_id, wake_id, end)
    }).pipe(
      Effect.catchTag(
        "WakeImpossible",
        ({ remedy }) => post({ _tag: "WakeImpossible", task_id, wake_id, reason: remedy })
      )
    )
  }

  return {
    InspectAgent: inspectAgent(waker, watcher, check, learn),
    ClearEvidence: ({ task_id }: CommandOf<"ClearEvidence">) => watcher.clear(task_id),
    WatchResults: ({ task_id, wake_id }: CommandOf<"WatchResults">) =>
      fibers.run(
        "watch",
        Stream.runForEach(watcher.watch(task_id), (seen) => post(messageOf(task_id, wake_id, seen)))
      ),
    StopWatching: () => fibers.stop("watch"),
    WakeAgent: (command: CommandOf<"WakeAgent">) => fibers.run(`wake ${command.task.task_id}`, wake(command)),
    RevokeWake: ({ task_id }: CommandOf<"RevokeWake">) => fibers.stop(`wake ${task_id}`),
    AdoptAgent: ({ task, wake_id }: CommandOf<"AdoptAgent">) =>
      awaitEnd(task.task_id, wake_id, waker.adopt(task, wake_id)),
    RetryWake: ({ failed_attempts, task_id }: CommandOf<"RetryWake">) =>
      fibers.run("retry", Effect.andThen(awaitRetry(failed_attempts), post({ _tag: "RetryDue", task_id }))),
    // An attempt that is still being spawned ends first, so that nothing comes up behind the stop.
    StopAgent: ({ linger_ms, task_id }: CommandOf<"StopAgent">) =>
      Effect.andThen(
        fibers.stop(`wake ${task_id}`),
        fibers.run(
          `stop ${task_id}`,
          Effect.flatMap(
            waker.stop(task_id, linger_ms),
            (was_alive) => post({ _tag: "AgentStopped", task_id, was_alive })
          )
        )
      ),
    ExpireFiles: ({ task_id }: CommandOf<"ExpireFiles">) => orphans.expire(task_id),
    SetAside: ({ folder, task_id }: CommandOf<"SetAside">) => watcher.setAside(task_id, folder),
    RemoveFiles: ({ keep_answer, task_id }: CommandOf<"RemoveFiles">) =>
      Effect.andThen(watcher.remove(task_id, keep_answer), waker.forget(task_id, keep_answer))
  }
}
