import { parentPort, workerData } from "node:worker_threads"
import { sqliteCodeOf, sqliteCodes } from "../sqlite.ts"
import { type OpenMessageDatabase, openMessageDatabase } from "./messageDatabase.ts"
import type { Answer, MessageWorkerData, Request } from "./messageThread.ts"
import type { OperationName, Operations, Results } from "./operations.ts"
import { databaseError, prepareFile } from "./schema.ts"

// The entry of the thread that keeps the messages. It does what it is asked in order, and opens the file when it has to.

const { limits, path }: MessageWorkerData = workerData
let opened: OpenMessageDatabase | null = null
let request_id = 0 // of the last request, which also grows over a restart of this thread

const close = (): void => {
  opened?.close()
  opened = null
}

const open = (): OpenMessageDatabase => {
  prepareFile(path)
  return openMessageDatabase(path, limits, { revision: () => request_id })
}

const answerTo = <Name extends OperationName>(
  { id, input, name, now }: Request<Name>
): Answer<Results[Name]> => {
  request_id = id
  try {
    opened ??= open()
    const operations: Operations = opened.operations
    return { id, _tag: "Done", result: operations[name](now, input) }
  } catch (cause) {
    const { kind, reason } = databaseError(cause)
    // The file may have been replaced, and on Windows an open one cannot be moved away.
    if (kind === "damaged" || sqliteCodeOf(cause) === sqliteCodes.ioError) close()
    return { id, _tag: "NotDone", kind, reason }
  }
}

parentPort?.on("message", (request: Request<OperationName> | "close") => {
  if (request === "close") {
    close()
    parentPort?.close()
    return
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is a thread, not a window
  parentPort?.postMessage(answerTo(request))
})
