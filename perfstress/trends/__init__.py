"""What became of each example over months: a store of judged runs, and where their figures changed.

``figures`` names them, ``measured`` takes them out of a run, ``store`` keeps them, ``keeping``
writes there after each run and reads all run directories anew, ``divisive`` finds changes of level,
``course`` puts the figures of an example into series, ``words`` and ``sparkline`` tell them to
people, ``export`` to Apache Otava.
"""
