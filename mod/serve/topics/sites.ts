/** `hayate help serve sites`. */
import type { Topic } from "../../cli/mod.ts";

const text = `Web sites

  hayate serve --spa --compress --cache 'assets/** immutable' dist/
  hayate serve --clean-urls --security-headers public/
  hayate serve --site www.example.com=www --site '*.example.com=other' rest/

404.html in a folder is the page for files that are missing there and below.

--spa answers GET and HEAD of a path without a file with the index of the root, if the
client takes HTML and the last name has no dot: /users/1, not /app.js or /.env.
--clean-urls serves about.html as /about. An exact file comes first, then about.html,
then the folder about/.

--cache takes a pattern and immutable (a year), a time such as 1h or 30d, or directives
of Cache-Control. The pattern is for the file, so that *.html covers /, too; without a
slash it is for names in every folder. The first one counts.

--compress sends br, zstd or gzip of text and code from 256 bytes to 8 MiB. A file is
compressed when a client first asks for it, and 32 MiB of results are kept. A sibling
(app.js.br) comes first and costs nothing: make them for large files.

--cors ORIGIN lets scripts of other origins read the files and answers preflights.
--security-headers sends X-Content-Type-Options, Referrer-Policy, X-Frame-Options,
Cross-Origin-Opener-Policy and Permissions-Policy, and over HTTPS
Strict-Transport-Security (180 days).

_redirects in a root, as at Netlify and Cloudflare Pages; the first line that fits:
  # a comment
  /old            /new                     301, unless another status is given
  /blog/:y/*      /posts/:y/:splat  302    also 303, 307, 308
  /shop id=:id    /item/:id                with this parameter in the query
  /app/*          /app.html         200    that page, the URL stays
  /de/*           /de/none.html     404    that page and status; also 410, 451
  /taken          /over             301!   also where there is a file
  http://example.com/*  https://example.com/:splat  301!
One * is allowed in a line. The query goes along, unless the destination has its own. A
slash at the end makes no difference. 200 with another host needs hayate proxy.

_headers, of the same two; all paths that fit add up:
  /assets/*.js
    Cache-Control: public, max-age=600
    ! X-Frame-Options            takes a field away
  /internal/*
    Basic-Auth: user:password other:password
Values may have the placeholders of their path. Fields of the framing, Date and Server
are not for _headers, and redirects get none of it.

Neither file is served. Both are read again within a second of a change. A line that
cannot be used is logged with its number and ignored. --no-rules turns both off, for
folders that others write to.
`;

export const sitesTopic: Topic = {
  name: "sites",
  summary: "applications of one page, _redirects, _headers, caching, several hosts",
  text,
};
