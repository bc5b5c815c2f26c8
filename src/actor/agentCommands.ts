import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { FolderEvidence } from "../domain/Evidence.ts"
import type { Message } from "../domain/Message.ts"
import type { WakeEnd } from "../domain/Work.ts"
import type { FolderLease } from "../services/FolderLease.ts"
import type { OrphanedFiles } from "../services/Orphans.ts"
import type { Observation, ResultWatcher } from "../services/ResultWatcher.ts"
import type { Waker } from "../services/Waker.ts"
import type { ActorContext, CommandOf } from "./ActorContext.ts"
import { awaitRetry } from "./wakeRetry.ts"

const messageOf = (work_id: string, wake_id: string | null, seen: Observation): Message => {
  switch (seen._tag) {
    case "Started":
      return { _tag: "AgentStarted", work_id, wake_id }
    case "Progress":
      return { _tag: "ProgressFound", work_id, progress: seen.progress }
    case "Answer":
      return { _tag: "ResultFound", work_id, answer: seen.answer }
  }
}

/** The evidence of a folder that cannot be read. */
const unread: FolderEvidence = { started: false, last_sign_at: null, answer: "unknown" }

/** The end of a wake whose folder is gone: nothing ran. */
const unwritten = (reason: string): WakeEnd => ({ how: "unwritten", code: null, output: reason })

type Check = Context.Service.Shape<typeof FolderLease>["check"]

/** Inspects the agent. If the folder is gone, its content is unknown. */
const inspectAgent = (
  waker: Waker["Service"],
  watcher: ResultWatcher["Service"],
  check: Check,
  learn: ActorContext["learn"]
) =>
  Effect.fnUntraced(function*({ work }: CommandOf<"InspectAgent">) {
    const process = yield* waker.inspect(work)
    const seen = yield* Effect.andThen(check, watcher.look(work.id)).pipe(
      Effect.catchTag("FolderGone", () => Effect.succeed(null))
    )
    yield* learn({
      _tag: "AgentInspected",
      work_id: work.id,
      evidence: { ...process, ...seen ?? unread }
    })
  })

/** The commands about an agent: its processes and its files. */
export const agentCommands = (
  waker: Waker["Service"],
  watcher: ResultWatcher["Service"],
  orphans: OrphanedFiles,
  check: Check,
  { fibers, learn, post }: ActorContext
) => {
  /** Waits for the end of a wake command once, and reads the folder again, because the agent may have written in its last moment. */
  const awaitEnd = (work_id: string, wake_id: string, ended: Effect.Effect<WakeEnd>) =>
    fibers.runOnce(
      `end of ${wake_id}`,
      Effect.flatMap(
        ended,
        (end) => Effect.andThen(watcher.rescan(work_id), post({ _tag: "WakeExited", work_id, wake_id, end }))
      )
    )

  const wake = ({ wake_id, work }: CommandOf<"WakeAgent">) => {
    const { id: work_id } = work
    return Effect.gen(function*() {
      const { end } = yield* Effect.andThen(check, waker.wake(work, wake_id)).pipe(
        Effect.catchTag("FolderGone", ({ message }) => Effect.succeed({ end: Effect.succeed(unwritten(message)) }))
      )
      yield* post({ _tag: "WakeSpawned", work_id, wake_id })
      yield* awaitEnd(work_id, wake_id, end)
    }).pipe(
      Effect.catchTag(
        "WakeImpossible",
        ({ remedy }) => post({ _tag: "WakeImpossible", work_id, wake_id, reason: remedy })
      )
    )
  }

  return {
    InspectAgent: inspectAgent(waker, watcher, check, learn),
    ClearEvidence: ({ work_id }: CommandOf<"ClearEvidence">) => watcher.clear(work_id),
    WatchResults: ({ work_id, wake_id }: CommandOf<"WatchResults">) =>
      fibers.run(
        `watch ${work_id}`,
        Stream.runForEach(watcher.watch(work_id), (seen) => post(messageOf(work_id, wake_id, seen)))
      ),
    StopWatching: ({ work_id }: CommandOf<"StopWatching">) => fibers.stop(`watch ${work_id}`),
    WakeAgent: (command: CommandOf<"WakeAgent">) => fibers.run(`wake ${command.work.id}`, wake(command)),
    RevokeWake: ({ work_id }: CommandOf<"RevokeWake">) => fibers.stop(`wake ${work_id}`),
    AdoptAgent: ({ wake_id, work }: CommandOf<"AdoptAgent">) => awaitEnd(work.id, wake_id, waker.adopt(work, wake_id)),
    RetryWake: ({ failed_attempts, work_id }: CommandOf<"RetryWake">) =>
      fibers.run(`retry ${work_id}`, Effect.andThen(awaitRetry(failed_attempts), post({ _tag: "RetryDue", work_id }))),
    // A spawn under way is interrupted first, so that nothing comes up after the stop.
    StopAgent: ({ linger_ms, work_id }: CommandOf<"StopAgent">) =>
      Effect.andThen(
        fibers.stop(`wake ${work_id}`),
        fibers.run(
          `stop ${work_id}`,
          Effect.flatMap(
            waker.stop(work_id, linger_ms),
            (was_alive) => post({ _tag: "AgentStopped", work_id, was_alive })
          )
        )
      ),
    ExpireFiles: ({ work_id }: CommandOf<"ExpireFiles">) => orphans.expire(work_id),
    SetAside: ({ folder, work_id }: CommandOf<"SetAside">) => watcher.setAside(work_id, folder),
    RemoveFiles: ({ keep_answer, work_id }: CommandOf<"RemoveFiles">) =>
      Effect.andThen(watcher.remove(work_id, keep_answer), waker.forget(work_id, keep_answer))
  }
}
