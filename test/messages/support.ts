import type { BatchMessage, InboxMessage } from "../../src/domain/messages/InboxMessage.ts"

export const sent_at = 1_795_000_000_000

/** A message of the inbox; what is left out is that of a direct message. */
export const messageOf = (
  id: string,
  more: Partial<InboxMessage> = {},
  { again = false, thread = id }: Partial<BatchMessage> = {}
): BatchMessage => ({
  message: {
    id,
    way: "direct",
    channel: null,
    from: "bob",
    type: "chat",
    payload: { text: `text of ${id}` },
    reply_to: null,
    sent_at,
    ...more
  },
  thread,
  again
})
