import * as Option from "effect/Option"
import type { RawData, WebSocket } from "ws"
import { close, connect, disconnect } from "./connections.ts"
import type { Engine, Wire } from "./engine.ts"
import type { Hub, Output } from "./hub.ts"
import { send } from "./hub.ts"
import type { Journal } from "./journal.ts"
import { parseJson, text } from "./json.ts"
import { decode, receive } from "./receive.ts"

/** What a test does with a frame before the hub sees it. */
export type Intercept = (
  agentId: string | undefined,
  msg: Record<string, unknown>
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

const ignore = (): void => undefined

const readable = (data: string): unknown => Option.getOrElse(parseJson(data), () => data)

interface State {
  readonly links: Map<number, Link>
  readonly journal: Journal
  intercept: Intercept | undefined
}

const enter = (state: State, id: number, dir: "in" | "out", msg: unknown, now: number, claimed?: string): void =>
  state.journal.add({ t: now, agent: state.links.get(id)?.agentId ?? claimed, socket: id, dir, msg })

const write = (state: State, id: number, data: string | Uint8Array, now: number): void => {
  const link = state.links.get(id)
  if (link === undefined || link.frozen) return
  enter(state, id, "in", typeof data === "string" ? readable(data) : { binary: data.length }, now)
  link.socket.send(data)
}

const handle = (state: State, hub: Hub, id: number, data: string, now: number): void => {
  const frame = Option.getOrUndefined(decode(hub, id, data, now))
  if (frame === undefined) {
    enter(state, id, "out", readable(data), now)
    return
  }
  enter(state, id, "out", frame, now, text(frame, "agent_id", undefined))
  const link = state.links.get(id)
  const verdict = state.intercept?.(link?.agentId, { ...frame }) ?? "deliver"
  if (verdict === "deliver") receive(hub, id, frame, now)
  else if (verdict !== "swallow") send(hub, id, { ...verdict.reply })
  if (link !== undefined) link.agentId = hub.sockets.get(id)?.agentId ?? link.agentId
}

/** Any sign of life keeps an idle socket open, though only a JSON ping keeps its agent present. */
const hear = (id: number) => (hub: Hub, now: number): void => {
  const socket = hub.sockets.get(id)
  if (socket !== undefined) socket.lastHeard = now
}

const onMessage = (state: State, id: number, data: RawData, binary: boolean) => (hub: Hub, now: number): void => {
  if (state.links.get(id)?.frozen !== false) return
  hear(id)(hub, now)
  if (!binary) {
    handle(state, hub, id, asText(data), now)
    return
  }
  enter(state, id, "out", { binary: sizeOf(data) }, now)
  close(hub, id, 1011, "", now)
}

const accept = (state: State, socket: WebSocket, { act, complain }: Engine): void => {
  const id = act(connect)
  state.links.set(id, { socket, agentId: undefined, frozen: false })
  socket.on("message", (data, binary) => {
    try {
      act(onMessage(state, id, data, binary))
    } catch (cause) {
      complain(cause)
      act((hub, now) => close(hub, id, 1011, "", now))
    }
  })
  socket.on("ping", () => act(hear(id)))
  // The library closes a broken socket by itself, with the code that says why.
  socket.on("error", ignore)
  socket.on("close", () => {
    if (state.links.get(id)?.frozen !== false) return
    state.links.delete(id)
    act((hub, now) => disconnect(hub, id, now))
  })
}

const perform = (state: State, output: Output, now: number): void => {
  const link = state.links.get(output.socket)
  if (link === undefined) return
  if (output._tag === "Send" || output._tag === "Push") {
    write(state, output.socket, JSON.stringify(output.frame), now)
    return
  }
  state.links.delete(output.socket)
  if (output._tag === "Close") link.socket.close(output.code, output.reason)
  else link.socket.terminate()
}

/** Freezes or thaws sockets, in the books too. */
const setFrozen = (state: State, hub: Hub, ids: ReadonlyArray<number>, frozen: boolean): void => {
  for (const id of ids) {
    const [link, socket] = [state.links.get(id), hub.sockets.get(id)]
    if (link === undefined || socket === undefined) continue
    link.frozen = frozen
    socket.frozen = frozen
    if (frozen) link.socket.pause()
  }
}

/** The links of one hub; every frame that crosses one is entered in the journal. */
export const make = (journal: Journal): Links => {
  const state: State = { links: new Map(), journal, intercept: undefined }
  return {
    write: (id, data, now) => write(state, id, data, now),
    accept: (socket, engine) => accept(state, socket, engine),
    perform: (output, now) => perform(state, output, now),
    freeze: (hub, ids) => setFrozen(state, hub, ids, true),
    thaw: (hub, ids) => setFrozen(state, hub, ids, false),
    dropAll: () => {
      const sockets = [...state.links.values()].map((link) => link.socket)
      state.links.clear()
      for (const socket of sockets) socket.terminate()
    },
    setIntercept: (f) => {
      state.intercept = f
    }
  }
}
