const SCRIPT = `document.title='ran';try{top.document.title='ran'}catch{};alert('ran');fetch('/v1/inbox')`;

/** What a mail may try on whoever looks at it, ending in words to wait for. */
export const HOSTILE_HTML = `<!doctype html>
<html><head>
<base href="/v1/">
<meta http-equiv="refresh" content="0;url=/v1/whoami">
<meta http-equiv="refresh" content="0;url=javascript:alert('ran')">
<link rel="stylesheet" href="/v1/inbox">
<link rel="prefetch" href="/v1/inbox?prefetched">
<link rel="dns-prefetch" href="//evil.example">
<style>@import url("/v1/inbox"); body::after { content: url("/v1/inbox/image") }
aside { position: fixed; inset: -9999px; z-index: 2147483647; pointer-events: none } body { background: url("http://127.0.0.1:9/pixel") }
p, a, button, form { position: static; display: block }
@font-face { font-family: x; src: url("/v1/inbox/font") } * { font-family: x, sans-serif }</style>
<script>${SCRIPT}</script>
</head><body onload="${SCRIPT}" style="position:static!important">
<script type="module">${SCRIPT}</script>
<img src="x" onerror="${SCRIPT}"><img src="/v1/inbox/tracked"><img srcset="/v1/inbox/tracked 1x"><image src="/v1/inbox/tracked">
<svg onload="${SCRIPT}"><script>${SCRIPT}</script><a href="javascript:alert('ran')"><text y="20">svg</text></a>
<foreignObject><iframe src="javascript:alert('ran')"></iframe></foreignObject><use href="/v1/inbox#x"/></svg>
<math><mtext></p><style><img src=x onerror=alert('ran')></style></mtext></math>
<iframe src="/inbox"></iframe><iframe srcdoc="<script>${SCRIPT}</script>"></iframe>
<object data="/v1/inbox"></object><embed src="/v1/inbox"><video src="/v1/inbox" autoplay></video>
<portal src="/inbox"></portal><details open ontoggle="${SCRIPT}"><summary>x</summary></details>
<form action="/v1/inbox" method="post" target="_top"><input name="x" autofocus onfocus="${SCRIPT}"><button>Submit</button></form>
<p><a href="javascript:${SCRIPT}">Script link</a></p>
<p><a href="/v1/inbox" target="_top">Top link</a></p>
<p><a href="https://evil.example/" target="_blank" ping="/v1/inbox/ping">New window</a></p>
<p><a href="data:text/html,<script>alert('ran')</script>">Data link</a></p>
<aside>over everything</aside>
<p>The end of the mail</p>
</body></html>`;
