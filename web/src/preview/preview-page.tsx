/** The preview of templates. */
export function PreviewPage({ rest }: { rest: string }) {
  return (
    <main class="empty">
      <h1>Preview</h1>
      <p>{rest}</p>
    </main>
  );
}
