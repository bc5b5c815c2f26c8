import { parentPort } from "node:worker_threads"
import { type Batch, playBatch } from "./campaign.ts"

const isBatch = (value: unknown): value is Batch => typeof value === "object" && value !== null && "from" in value

parentPort?.on("message", (message: unknown) => {
  if (isBatch(message)) parentPort?.postMessage(playBatch(message))
})
