import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Tunnel } from "./proxy.ts"
import type { HubTls } from "./tls.ts"

/** The connection could not be opened. */
export class OpenError extends Schema.TaggedError<OpenError>()("OpenError", { reason: Schema.String }) {}

/** What comes out of a socket: its frames, and after the last of them why it closed. */
export type SocketEvent =
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Binary"; readonly bytes: number }
  | { readonly _tag: "Closed"; readonly code: number; readonly reason: string }

/** An open socket. Closing its scope closes it with 1000, and terminates it when the other side does not answer that. */
export interface HubSocket {
  readonly receive: Effect.Effect<SocketEvent>
  /** Whether something that arrived has not been received yet. */
  readonly hasUnread: Effect.Effect<boolean>
  /** Bytes the network has not taken yet. */
  readonly unsentBytes: Effect.Effect<number>
  readonly send: (text: string) => Effect.Effect<void>
  /** Ends the connection without waiting for the other side. */
  readonly terminate: Effect.Effect<void>
}

export interface SocketOptions {
  readonly url: string
  readonly tls: HubTls
  /** The way through a proxy; null where there is none. */
  readonly tunnel: Tunnel | null
  /** How long it may take to open, of which each address of a name has its share. */
  readonly open_timeout_ms: number
  readonly close_timeout_ms: number
}

export type OpenSocket = (options: SocketOptions) => Effect.Effect<HubSocket, OpenError, Scope.Scope>
