/** Filled by the inbox part. */
export function InboxPage({ rest }: { rest: string }) {
  return (
    <main class="empty">
      <h1>Inbox</h1>
      <p>{rest}</p>
    </main>
  );
}
