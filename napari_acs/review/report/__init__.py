"""A report of review sessions: one HTML file that opens offline, and the same as JSON and CSV.

- `content`: what a report says, as values. `gather` collects it from review files: `reading` for
  one read of one case (`images`, `slices`, `drawing`, `begun`), `followup` for two dates, `raters`
  for several readers, `naming` for what nobody may be told by.
- `picture`: a slice with its contours as a PNG; `plot`: Bland-Altman as SVG.
- `page`, `case_page`, `agreement_page`, `markup`, `style`: the HTML.
- `record`, `table`: JSON and CSV. `consensus`: one mask out of several, as files.
"""
