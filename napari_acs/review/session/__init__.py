"""A review session: one file that remembers every decision and every stroke.

- `create`: make the file; `sources` finds the studies (and `locate` finds them again), `form` is
  what is asked, `plan` says who reads what and when.
- `session`: open it for work, or read it; `state` is what it says, `fold` how events say it.
- `decisions`, `masks`, `editing`, `audit`: what a reader does.
- `worklist`, `activity`: what is to do, and how long it took.
- `verify`, `merge`, `export`, `training_set`: what comes of it.
- `place`, `half_made`, `whole_folder`: how its files, and folders of exports, get their names.
- `log`, `chain`, `schema`, `database`, `faults`, `lock`, `voxels`, `replay`: how it is kept.
"""
