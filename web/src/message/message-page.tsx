/** Filled by the message part. */
export function MessagePage({ rest }: { rest: string }) {
  return (
    <main class="empty">
      <h1>Message</h1>
      <p>{rest}</p>
    </main>
  );
}
