/**
 * What stands in the place of a wake's record, so that a launcher that comes late runs nothing. It is shorter than every
 * record; a full disk may have left it empty.
 */
export const revocation = JSON.stringify({ revoked: true })
