import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Settings } from "../../config/SidecarConfig.ts"
import type { BatchMessage } from "../../domain/messages/InboxMessage.ts"
import type { GivenFile } from "../../process/wakeFiles.ts"
import { attempt, type FileError, writeDurably } from "../../storage/files.ts"
import { messageFiles } from "./batchFile.ts"

/** `MESSAGES_FILE` of a task at its wake: empty, unless messages came for an agent that was woken for it before. */
export const noMessages = (tasks_dir: string, task_id: string): ReadonlyArray<GivenFile> =>
  messageFiles([], { tasks_dir, work_id: task_id, stale_ms: Infinity }, 0).files
    .map((file) => ({ ...file, unless_there: true }))

/** Replaces `MESSAGES_FILE` of a task whose agent is at work by all messages that have come for it. */
export const renewTaskMessages = (
  { messages: { stale_ms }, tasks_dir }: Pick<Settings, "messages" | "tasks_dir">,
  task_id: string,
  messages: ReadonlyArray<BatchMessage>
): Effect.Effect<void, FileError> =>
  Effect.gen(function*() {
    const { files } = messageFiles(messages, { tasks_dir, work_id: task_id, stale_ms }, yield* Clock.currentTimeMillis)
    for (const { path, text } of files) yield* attempt(path, () => writeDurably(path, text))
  })
