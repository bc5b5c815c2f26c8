import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Settings } from "../../config/SidecarConfig.ts"
import type { BatchMessage } from "../../domain/messages/InboxMessage.ts"
import type { WakeFiles } from "../../process/wakeFiles.ts"
import { WakeImpossible } from "../../services/Waker.ts"
import type { WakeInput } from "../wake.ts"
import { messageFiles } from "./batchFile.ts"
import { messagePrompt } from "./prompt.ts"

const impossible = (remedy: string) => new WakeImpossible({ remedy })

/** What the command of a batch of messages is given. Fails if there is no command or no message. */
export const batchInput = Effect.fnUntraced(
  function*(settings: Settings, messages: ReadonlyArray<BatchMessage>, files: WakeFiles) {
    const { message_command: command, outbox_dir, results_dir, tasks_dir } = settings
    if (command === null) return yield* impossible("there is no message_command")
    if (messages.length === 0) return yield* impossible("none of the messages of the batch is in the inbox any more")
    const { messages_path, prompt_path, work_id } = files
    const place = { tasks_dir, work_id, stale_ms: settings.messages.stale_ms }
    const written = messageFiles(messages, place, yield* Clock.currentTimeMillis)
    const prompt = yield* messagePrompt(written.entries, files, settings)
    const input: WakeInput = {
      key: "message_command",
      command,
      files,
      given: [...written.files, { path: prompt_path, text: prompt }],
      values: {
        prompt,
        prompt_file: prompt_path,
        batch_id: work_id,
        messages_file: messages_path,
        outbox_dir,
        results_dir
      },
      data: {}
    }
    return input
  }
)
