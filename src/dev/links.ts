import * as Option from "effect/Option"
import type { RawData, WebSocket } from "ws"
import { close, connect, disconnect } from "./connections.ts"
import type { Engine, Wire } from "./engine.ts"
import type { Hub } from "./hub.ts"
import { send } from "./hub.ts"
import type { Journal } from "./journal.ts"
import type { JsonObject } from "./json.ts"
import { parseJson, text } from "./json.ts"
import { decode, receive } from "./receive.ts"

/** What a test does with a frame before the hub sees it. */
export type Intercept = (
  agentId: string | undefined,
  msg: JsonObject
) => "deliver" | "swallow" | { readonly reply: object }

interface Link {
  readonly socket: WebSocket
  agentId: string | undefined
  /** Half-open: nothing is read from it, nothing written to it, and its end goes unnoticed. */
  frozen: boolean
}

/** The open WebSockets behind the numbers in the hub's books. */
export interface Links extends Wire {
  readonly accept: (socket: WebSocket, engine: Engine) => void
  readonly freeze: (hub: Hub, ids: ReadonlyArray<number>) => void
  readonly thaw: (hub: Hub, ids: ReadonlyArray<number>) => void
  /** Puts bytes on a socket as they are. */
  readonly write: (id: number, data: string | Uint8Array, now: number) => void
  /** All links are gone at once, and the books have no part in it. */
  readonly dropAll: () => void
  readonly setIntercept: (intercept: Intercept | undefined) => void
}

const asText = (data: RawData): string =>
  Array.isArray(data)
    ? Buffer.concat(data).toString("utf8")
    : Buffer.isBuffer(data)
    ? data.toString("utf8")
    : Buffer.from(data).toString("utf8")

const sizeOf = (data: RawData): number =>
  Array.isArray(data) ? data.reduce((sum, part) => sum + part.length, 0) : data.byteLength

const readable = (data: string): unknown => Option.getOrElse(parseJson(data), () => data)

/** The links of one hub; every frame that crosses one is entered in the journal. */
export const make = (journal: Journal): Links => {
  const links = new Map<number, Link>()
  let intercept: Intercept | undefined

  const enter = (id: number, dir: "in" | "out", msg: unknown, now: number, claimed?: string): void =>
    journal.add({ t: now, agent: links.get(id)?.agentId ?? claimed, socket: id, dir, msg })

  const write = (id: number, data: string | Uint8Array, now: number): void => {
    const link = links.get(id)
    if (link === undefined || link.frozen) return
    enter(id, "in", typeof data === "string" ? readable(data) : { binary: data.length }, now)
    link.socket.send(data)
  }

  const handle = (hub: Hub, id: number, data: string, now: number): void => {
    const frame = Option.getOrUndefined(decode(hub, id, data, now))
    if (frame === undefined) {
      enter(id, "out", readable(data), now)
      return
    }
    enter(id, "out", frame, now, text(frame, "agent_id", undefined))
    const verdict = intercept?.(links.get(id)?.agentId, frame) ?? "deliver"
    if (verdict === "deliver") receive(hub, id, frame, now)
    else if (verdict !== "swallow") send(hub, id, { ...verdict.reply })
    const link = links.get(id)
    if (link !== undefined) link.agentId = hub.sockets.get(id)?.agentId ?? link.agentId
  }

  const hear = (hub: Hub, id: number, now: number): void => {
    const socket = hub.sockets.get(id)
    if (socket !== undefined) socket.lastHeard = now
  }

  const onMessage = (id: number, data: RawData, binary: boolean) => (hub: Hub, now: number): void => {
    if (links.get(id)?.frozen !== false) return
    hear(hub, id, now)
    if (!binary) {
      handle(hub, id, asText(data), now)
      return
    }
    enter(id, "out", { binary: sizeOf(data) }, now)
    close(hub, id, 1011, "", now)
  }

  return {
    write,
    accept: (socket, { act, complain }) => {
      const id = act(connect)
      links.set(id, { socket, agentId: undefined, frozen: false })
      socket.on("message", (data, binary) => {
        try {
          act(onMessage(id, data, binary))
        } catch (cause) {
          complain(cause)
          act((hub, now) => close(hub, id, 1011, "", now))
        }
      })
      // Any sign of life keeps an idle socket open, though only a JSON ping keeps the agent present.
      socket.on("ping", () => act((hub, now) => hear(hub, id, now)))
      socket.on("error", () => socket.terminate())
      socket.on("close", () => {
        if (links.get(id)?.frozen !== false) return
        links.delete(id)
        act((hub, now) => disconnect(hub, id, now))
      })
    },
    perform: (output, now) => {
      const link = links.get(output.socket)
      if (link === undefined) return
      if (output._tag === "Send" || output._tag === "Push") {
        write(output.socket, JSON.stringify(output.frame), now)
        return
      }
      links.delete(output.socket)
      if (output._tag === "Close") link.socket.close(output.code, output.reason)
      else link.socket.terminate()
    },
    freeze: (hub, ids) => {
      for (const id of ids) {
        const [link, socket] = [links.get(id), hub.sockets.get(id)]
        if (link === undefined || socket === undefined) continue
        link.frozen = true
        socket.frozen = true
        link.socket.pause()
      }
    },
    thaw: (hub, ids) => {
      for (const id of ids) {
        const [link, socket] = [links.get(id), hub.sockets.get(id)]
        if (link !== undefined) link.frozen = false
        if (socket !== undefined) socket.frozen = false
      }
    },
    dropAll: () => {
      const sockets = [...links.values()].map((link) => link.socket)
      links.clear()
      for (const socket of sockets) socket.terminate()
    },
    setIntercept: (f) => {
      intercept = f
    }
  }
}
