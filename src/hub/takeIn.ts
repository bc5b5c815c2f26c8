import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { limits } from "../limits.ts"
import type { DecodeProblem, Incoming } from "../protocol/incoming.ts"
import { decodeScanned } from "../protocol/incoming.ts"
import { scanFrame } from "../protocol/scanFrame.ts"
import type { LargeFrames } from "./largeFrames.ts"

/** What a frame says. Before a large one is parsed its task is noted, and one that has ended two lives is not parsed. */
export const takeIn = Effect.fnUntraced(function*(text: string, frames: LargeFrames) {
  const scanned = scanFrame(text)
  const { assigned, bytes } = scanned
  if (assigned !== null && bytes > limits.large_frame_bytes && !(yield* frames.begin(assigned.task_id))) {
    const reason =
      `the sidecar ended ${limits.incoming_lives} times while it took in the frame of the task, ${bytes} bytes`
    return Result.succeed<Incoming>({ _tag: "TaskUnworkable", ...assigned, reason })
  }
  const decoded: Result.Result<Incoming, DecodeProblem> = decodeScanned(scanned)
  if (Result.isFailure(decoded)) yield* frames.end
  return decoded
})
