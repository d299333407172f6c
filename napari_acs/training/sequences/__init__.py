"""How the bundled sequence classifier is made: ``python -m napari_acs.training.sequences``.

Four labelled volumes of each case are scanned again and again in other ways, some with a made-up
scalp, beside images that are none of the four; the boxes that the classifier would see of them
are kept in a pool. Networks are trained on the pool, one for each fold of patients and one on all.
"""
