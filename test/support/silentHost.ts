import * as Effect from "effect/Effect"
import { connect, type Socket } from "node:net"
import { Worker } from "node:worker_threads"

/** Listens, and stands still for a time; then it passes each connection on. It takes two connections and no more until then. */
const standingStill = `
const { connect, createServer } = require("node:net")
const { parentPort, workerData: { at, port, silent_ms, woken } } = require("node:worker_threads")
const server = createServer((client) => {
  const hub = connect(port, "127.0.0.1")
  for (const [one, other] of [[client, hub], [hub, client]]) one.on("error", () => other.destroy()).pipe(other)
})
server.listen({ host: at, port, backlog: 1 }, () => {
  parentPort.postMessage("listens")
  Atomics.wait(woken, 0, 0, silent_ms)
})
server.on("error", (error) => parentPort.postMessage(error.message))
`

const taken = (port: number, host: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, host)
    socket.on("error", reject).once("connect", () => resolve(socket.off("error", reject).on("error", () => {})))
  })

/**
 * The address `at` of this machine, which for `silent_ms` does not answer who connects to `port`, and then is a way to that port
 * of 127.0.0.1: a far host, or one that is not there.
 */
export const silentHost = (at: string, port: number, silent_ms = 3_600_000) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const woken = new Int32Array(new SharedArrayBuffer(4))
      const worker = new Worker(standingStill, { eval: true, workerData: { at, port, silent_ms, woken } })
      const said = await new Promise<unknown>((resolve) => worker.once("message", resolve))
      if (said !== "listens") throw new Error(String(said))
      // What the system takes for it.
      const sockets = [await taken(port, at), await taken(port, at)]
      return { worker, woken, sockets }
    }),
    ({ sockets, woken, worker }) =>
      Effect.promise(async () => {
        for (const socket of sockets) socket.destroy()
        Atomics.store(woken, 0, 1)
        Atomics.notify(woken, 0)
        await worker.terminate()
      })
  )
