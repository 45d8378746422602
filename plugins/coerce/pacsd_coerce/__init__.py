"""Plugin coerce: other values of attributes, as objects come and leave; what is stored stays.

    plugin          Coerce: life cycle, hooks, the port Coercion; settings: its table
    coercion_file   the file as it is written, decoded strictly; errors: what is wrong with it
    coercions       its coercions, ready to be used; in_rules: what is coerced as it comes
    text_steps      set, remove, map, template, issuer; template: text with others' values in it
    whole_object    all steps on an object that leaves; object_text: its text and character sets
    tree            a data set that can be changed; part10_file: read from a file, and written
    originals       what it said before, where a coercion tells that
    deidentify      PS3.15 annex E; profile: its table E.1-1 (_profile_data) with options; cleaning:
                    by that, in sequences, too; dummies, dates, uids: what stands there then
    keyed           what a secret makes of identifiers; secret: where it comes from
    pseudonym_map   whom a pseudonym stands for, durable

In: instances as they come; files that leave, and the name of a coercion. Out: Coerce, or a copy;
or that it cannot be: then the instance is held, or nothing leaves.
"""

from pacsd_coerce.plugin import CoercePlugin

__all__ = ["CoercePlugin"]
