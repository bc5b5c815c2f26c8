import * as Effect from "effect/Effect"
import type { Socket } from "node:net"

const newline = 0x0a

/**
 * The next line from the socket, without its end; null where none comes any more, or it has more than `limit` bytes. What
 * is behind it stays in the socket, which is not read from meanwhile.
 */
export const nextLine = (socket: Socket, limit: number): Effect.Effect<string | null> =>
  Effect.callback<string | null>((resume) => {
    const parts: Array<Buffer> = []
    let length = 0
    const settle = (line: string | null) => {
      stop()
      resume(Effect.succeed(line))
    }
    const read = (): void => {
      for (let part: Buffer | null = socket.read(); part !== null; part = socket.read()) {
        const end = part.indexOf(newline)
        parts.push(end < 0 ? part : part.subarray(0, end))
        length += parts.at(-1)?.length ?? 0
        if (length > limit) return settle(null)
        if (end < 0) continue
        if (end + 1 < part.length) socket.unshift(part.subarray(end + 1))
        return settle(Buffer.concat(parts).toString())
      }
    }
    const close = () => settle(null)
    const stop = () => void socket.off("readable", read).off("end", close).off("close", close)
    socket.on("readable", read).on("end", close).on("close", close)
    if (socket.closed || socket.readableEnded) close()
    else read()
    return Effect.sync(stop)
  })
