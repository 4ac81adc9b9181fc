"""System -> program -> text -> address: everything between an equation and machine code."""
