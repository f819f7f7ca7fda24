/**
 * As a condition on `beads b`: its worker has handed it in, and the merge queue has it. It is in progress until it is merged,
 * and nobody is at it.
 */
export const IN_MERGE_QUEUE = `EXISTS (SELECT 1 FROM hook_ends e JOIN merge_requests m ON m.id = e.merge_request
  WHERE e.bead = b.id AND m.state <> 'closed' AND NOT EXISTS (SELECT 1 FROM hooks h WHERE h.bead = b.id))`;
