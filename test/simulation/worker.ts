import { parentPort } from "node:worker_threads"
import { type Batch, playBatch } from "./campaign.ts"

const isBatch = (value: unknown): value is Batch => typeof value === "object" && value !== null && "from" in value

parentPort?.on("message", (message: unknown) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread has no origin
  if (isBatch(message)) parentPort?.postMessage(playBatch(message))
})
