import * as Option from "effect/Option"
import type { RawData, WebSocket } from "ws"
import { bytesOf } from "../hub/socket.ts"
import { close, connect, disconnect, hear } from "./connections.ts"
import type { Engine } from "./engine.ts"
import { type Hub, send, type SocketOutput } from "./hub.ts"
import type { Journal } from "./journal.ts"
import { parseJson, text } from "./json.ts"
import { decode, receive } from "./receive.ts"

/** What a test does with a frame before the hub handles it. */
export type Intercept = (
  agentId: string | undefined,
  msg: Record<string, unknown>
) => "deliver" | "swallow" | { readonly reply: object }

interface Link {
  readonly socket: WebSocket
  agentId: string | undefined
  /** Half-open: nothing is read from it, nothing is written to it, and its end is ignored. */
  frozen: boolean
}

const ignore = (): void => undefined

const readable = (data: string): unknown => Option.getOrElse(parseJson(data), () => data)

/** The WebSockets behind the socket numbers of the hub. The journal gets every frame that passes one. */
export class Links {
  readonly #links = new Map<number, Link>()
  readonly #journal: Journal
  intercept: Intercept | undefined

  constructor(journal: Journal) {
    this.#journal = journal
  }

  #record(id: number, dir: "in" | "out", msg: unknown, now: number, claimed?: string): void {
    this.#journal.add({ t: now, agent: this.#links.get(id)?.agentId ?? claimed, socket: id, dir, msg })
  }

  /** Sends bytes on a socket as they are. */
  write(id: number, data: string | Uint8Array, now: number): void {
    const link = this.#links.get(id)
    if (link === undefined || link.frozen) return
    this.#record(id, "in", typeof data === "string" ? readable(data) : { binary: data.length }, now)
    link.socket.send(data)
  }

  perform(output: SocketOutput, now: number): void {
    const { socket: id } = output
    const link = this.#links.get(id)
    if (link === undefined) return
    if (output._tag === "Send" || output._tag === "Push") return this.write(id, JSON.stringify(output.frame), now)
    // The other side of a half-open link does not learn of its end.
    if (link.frozen) return
    this.#links.delete(id)
    if (output._tag === "Close") link.socket.close(output.code, output.reason)
    else link.socket.terminate()
  }

  accept(socket: WebSocket, { act, complain }: Engine): void {
    const id = act(connect)
    this.#links.set(id, { socket, agentId: undefined, frozen: false })
    socket.on("message", (data, binary) => {
      try {
        act((hub, now) => this.#receive(hub, id, data, binary, now))
      } catch (cause) {
        complain(cause)
        act((hub, now) => close(hub, id, 1011, "", now))
      }
    })
    // The library closes a broken socket by itself, with the code that says why.
    socket.on("error", ignore)
    socket.on("close", () => {
      if (this.#links.get(id)?.frozen !== false) return
      this.#links.delete(id)
      act((hub, now) => disconnect(hub, id, now))
    })
  }

  #receive(hub: Hub, id: number, data: RawData, binary: boolean, now: number): void {
    if (this.#links.get(id)?.frozen !== false) return
    hear(hub, id, now)
    const bytes = bytesOf(data)
    if (!binary) return this.#handle(hub, id, bytes.toString(), now)
    this.#record(id, "out", { binary: bytes.length }, now)
    close(hub, id, 1011, "", now)
  }

  #handle(hub: Hub, id: number, data: string, now: number): void {
    const frame = Option.getOrUndefined(decode(hub, id, data, now))
    if (frame === undefined) return this.#record(id, "out", readable(data), now)
    this.#record(id, "out", frame, now, text(frame, "agent_id", undefined))
    const link = this.#links.get(id)
    const verdict = this.intercept?.(link?.agentId, { ...frame }) ?? "deliver"
    if (verdict === "deliver") receive(hub, id, frame, now)
    else if (verdict !== "swallow") send(hub, id, { ...verdict.reply })
    if (link !== undefined) link.agentId = hub.sockets.get(id)?.agentId ?? link.agentId
  }

  /** Makes links half-open. */
  freeze(ids: ReadonlyArray<number>): void {
    for (const link of this.#of(ids)) {
      link.frozen = true
      link.socket.pause()
    }
  }

  /** What happens to links passes them again. */
  thaw(ids: ReadonlyArray<number>): void {
    for (const link of this.#of(ids)) link.frozen = false
  }

  #of(ids: ReadonlyArray<number>): ReadonlyArray<Link> {
    return ids.flatMap((id) => this.#links.get(id) ?? [])
  }

  /** Terminates the half-open links of an agent. Returns their numbers, also those that the hub has closed in vain. */
  cut(agentId: string): ReadonlyArray<number> {
    const ids = [...this.#links].filter(([, link]) => link.frozen && link.agentId === agentId).map(([id]) => id)
    for (const { socket } of this.#of(ids)) socket.terminate()
    for (const id of ids) this.#links.delete(id)
    return ids
  }

  /** Terminates all sockets without telling the hub. */
  dropAll(): void {
    const sockets = [...this.#links.values()].map((link) => link.socket)
    this.#links.clear()
    for (const socket of sockets) socket.terminate()
  }
}
