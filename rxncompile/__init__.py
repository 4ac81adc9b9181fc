"""rxncompile: from a text model of a reaction network to equations you can read and programs that run fast.

The stages, each a plain function from one noun to the next:

    load                  .rxn, SBML, .net     -> Network      what the user wrote, resolved and typed
    parse                 .rxn text            -> Network
    print_network         Network              -> .rxn text
    with_values           Network, numbers     -> Network      other parameters or initial values
    conservation_laws     Network              -> laws         what the stoichiometry keeps
    structure_of          Network              -> Structure    complexes, linkage classes, deficiency, reversibility
    time_scales           Network              -> TimeScales   eigenvalues at the initial state
    rate_equations        Network              -> System       d x/dt = S v(x)
    jump_process          Network              -> System       counts that jump with a propensity
    generator             Network              -> Generator    the master equation's operator, normal-ordered
    moments               Network, order       -> System       moment equations: open where a reaction is not linear
    close                 System, closure      -> System       by one of `closures`, or by a function of one's own
    linear_noise          Network              -> System       macroscopic counts, their covariance, EMRE
    inverse_omega_squared Network              -> System       the next orders of mean and covariance
    judge                 Network, closures, t -> Judgement    closures and `approximations` against the process
    project               Generator, Family    -> System       onto a family of distributions: one of `families`
    fast_and_slow         Network              -> Separation   what is fast, by three methods; slow sums
    qssa                  Network or System    -> System       fast species where they balance; see `reductions`
    total_qssa            Network or System    -> System       the same at sums that the fast reactions keep
    reverse_qssa          Network or System    -> System       the same for substrates that are bound at once
    rapid_equilibrium     Network or System    -> System       fast reactions in balance
    judge_reductions      Network, reductions  -> Reduced      reductions against the full equations over time
    fluctuations          Network, reductions  -> Fluctuations the same by runs: means and variances
    ising_chain           Network on a line    -> System       an Ising chain's parameters, per site
    driven                System, rules        -> System       parameters that are series, given when it is run
    sensitivities         System               -> System       how its solution moves with parameters, first and second
    adjoint               System, a functional -> System       costates and the gradient; see also `grids`, `roots`
    System.define         System, formulas     -> System       closing and reducing
    System.evaluate       System, numbers      -> numbers      exact, no compilation
    lambdify              System, part         -> function     f(t, y, p, out), callable from numba code
    integrate             System, times        -> Trajectory   ordinary differential equations
    steady_state          System               -> SteadyState  the stable one that it goes to, with eigenvalues
    integrate_sensitivities System, times      -> Sensitivities how its solution moves with parameters, in numbers
    gradient              System, times, loss  -> Gradient     of one number of the solution, by the adjoint
    steady_sensitivities  System               -> SteadySensitivities how its steady state moves, control coefficients
    steady_gradient       System, loss         -> Gradient     of one number of the steady state
    sample                System, times, runs  -> Trajectory   exact stochastic paths
    sample_statistics     System, times, runs  -> Ensemble     mean, covariances, histograms in one pass
    resume                Ensemble or file     -> Ensemble     an interrupted one, continued to the same numbers
    master_equation       System, times        -> Distribution the probability of every state, with a bound of its error
    stationary            System               -> Distribution the one that it keeps, with its residual
    first_passage         System, condition    -> Passage      the chance and mean time to get there
    stop_at               System, condition    -> System       that stays where the condition is true
    sample_passage        System, condition    -> PassageTimes when trajectories get there
    sweep                 System, times, grid  -> Sweep        over parameters and initial values
    compare               two results          -> Comparison   whether they can be of one law, by which tests
    fit                   Network, data        -> Fit          the likeliest parameters, from many starts
    fit_problem           Network, data        -> Problem      what a fit is asked
    moment_problem        System, MomentData   -> Problem      moments with their covariance as data
    profiles              Fit                  -> Profiles     intervals of the values by profile likelihoods
    structural_identifiability  Fit            -> Structure    what data of this kind could tell
    identifiability       Profiles             -> text         what the data tell, and what they do not
    load_measurements     file                 -> Measurements a table of what was seen when
    load_petab            file                 -> Problem      of a PEtab problem
    measured_moments      runs                 -> MomentData   means and central moments, with their spread if asked
    moments_of_ensemble   Ensemble             -> MomentData
    snapshot_moments      times, counts        -> MomentData   of other individuals at each time
    rate_relation         Network              -> RateRelation what coefficients of moment equations say about rates
    rates_from_moments    Network, MomentData  -> RateEstimate of candidate reactions, by generalised least squares
    rates_by_integrals    Network, MomentData  -> RateEstimate where moment equations are open, but moments are measured
    non_negative_rates    RateEstimate         -> RateEstimate where no reaction's rate is below zero
    ordinary_rates        Network, MomentData  -> OrdinaryRates  coefficients first, then rates
    select_reactions      Network, MomentData  -> Selection    the candidates that moments cannot do without
    polynomial_candidates species, order     -> Candidates   every monomial in every equation
    formula_candidates    formulas           -> Candidates   any formulas in every equation
    reaction_candidates   species, orders    -> Candidates   all reactions that keep what is to be kept
    rational_candidates   System, fast       -> Candidates   fast states as rational functions of slow ones
    read_series           .csv               -> Series       measured time series
    identify              Candidates, Series -> Identified   which terms, how surely, and what cannot be told
    fit_rational          Candidates, Series -> RationalFit  coefficients of rational functions
    save_result           result, file         -> file
    load_result           file                 -> Trajectory | Ensemble | Sweep

Names load what they need when they are first used: importing this package loads neither numba nor matplotlib.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import grids as grids
    from . import roots as roots
    from .derivations import approximations as approximations
    from .derivations import closures as closures
    from .derivations import families as families
    from .derivations import reductions as reductions
    from .derivations.adjoint import adjoint as adjoint
    from .derivations.candidates import formula_candidates as formula_candidates
    from .derivations.candidates import polynomial_candidates as polynomial_candidates
    from .derivations.candidates import reaction_candidates as reaction_candidates
    from .derivations.closures import close as close
    from .derivations.driven import driven as driven
    from .derivations.inverse_omega import inverse_omega_squared as inverse_omega_squared
    from .derivations.ising import ising_chain as ising_chain
    from .derivations.linear_noise import linear_noise as linear_noise
    from .derivations.moments import moments as moments
    from .derivations.projection import project as project
    from .derivations.rate_relation import RateRelation as RateRelation
    from .derivations.rate_relation import rate_relation as rate_relation
    from .derivations.rates import jump_process as jump_process
    from .derivations.rates import rate_equations as rate_equations
    from .derivations.rational import rational_candidates as rational_candidates
    from .derivations.reductions import qssa as qssa
    from .derivations.reductions import rapid_equilibrium as rapid_equilibrium
    from .derivations.reductions import reverse_qssa as reverse_qssa
    from .derivations.reductions import total_qssa as total_qssa
    from .derivations.sensitivities import sensitivities as sensitivities
    from .errors import RxnError as RxnError
    from .family import Family as Family
    from .judging import Judgement as Judgement
    from .judging.fast_and_slow import fast_and_slow as fast_and_slow
    from .judging.judge import judge as judge
    from .judging.reductions import fluctuations as fluctuations
    from .judging.reductions import judge_reductions as judge_reductions
    from .judging.separation import Separation as Separation
    from .kernels.lambdify import lambdify as lambdify
    from .language import parse as parse
    from .language import print_network as print_network
    from .learners.fits.asked import NoiseModel as NoiseModel
    from .learners.fits.asked import fit_problem as fit_problem
    from .learners.fits.fit import Fit as Fit
    from .learners.fits.fit import fit as fit
    from .learners.fits.identifiability import identifiability as identifiability
    from .learners.fits.identifiability import structural_identifiability as structural_identifiability
    from .learners.fits.measurements import Measurements as Measurements
    from .learners.fits.measurements import load_measurements as load_measurements
    from .learners.fits.moment_noise import moment_problem as moment_problem
    from .learners.fits.petab import load_petab as load_petab
    from .learners.fits.problem import Problem as Problem
    from .learners.fits.problem import Unknown as Unknown
    from .learners.fits.profiles import Profiles as Profiles
    from .learners.fits.profiles import profiles as profiles
    from .learners.fits.window import Window as Window
    from .learners.identification.identified import Identified as Identified
    from .learners.identification.identify import identify as identify
    from .learners.identification.rational_fit import fit_rational as fit_rational
    from .learners.identification.series import Series as Series
    from .learners.identification.series import read_series as read_series
    from .learners.moments import MomentData as MomentData
    from .learners.moments import OrdinaryRates as OrdinaryRates
    from .learners.moments import RateEstimate as RateEstimate
    from .learners.moments import Selection as Selection
    from .learners.moments import measured_moments as measured_moments
    from .learners.moments import moments_of_ensemble as moments_of_ensemble
    from .learners.moments import non_negative_rates as non_negative_rates
    from .learners.moments import ordinary_rates as ordinary_rates
    from .learners.moments import rates_by_integrals as rates_by_integrals
    from .learners.moments import rates_from_moments as rates_from_moments
    from .learners.moments import select_reactions as select_reactions
    from .learners.moments import snapshot_moments as snapshot_moments
    from .modelfiles import load as load
    from .monomials import Kind as Kind
    from .network import Network as Network
    from .network import with_values as with_values
    from .operators import Generator as Generator
    from .operators import generator as generator
    from .simulators.jumps.ssa import sample as sample
    from .simulators.master.long_run import Passage as Passage
    from .simulators.master.long_run import first_passage as first_passage
    from .simulators.master.long_run import stationary as stationary
    from .simulators.master.master_equation import master_equation as master_equation
    from .simulators.rate_equations.ode import integrate as integrate
    from .simulators.rate_equations.steady import SteadyState as SteadyState
    from .simulators.rate_equations.steady import steady_state as steady_state
    from .simulators.rate_equations.steady_sensitivities import steady_gradient as steady_gradient
    from .simulators.rate_equations.steady_sensitivities import steady_sensitivities as steady_sensitivities
    from .simulators.results.axes import Sweep as Sweep
    from .simulators.results.comparison import Comparison as Comparison
    from .simulators.results.comparison import compare as compare
    from .simulators.results.derivatives import Gradient as Gradient
    from .simulators.results.derivatives import Sensitivities as Sensitivities
    from .simulators.results.derivatives import SteadySensitivities as SteadySensitivities
    from .simulators.results.distribution import Distribution as Distribution
    from .simulators.results.sweep_files import load as load_result  # noqa: F401
    from .simulators.results.sweep_files import save as save_result  # noqa: F401
    from .simulators.results.trajectory import Ensemble as Ensemble
    from .simulators.results.trajectory import Trajectory as Trajectory
    from .simulators.runs.ensembles import resume as resume
    from .simulators.runs.ensembles import sample_statistics as sample_statistics
    from .simulators.runs.passage import PassageTimes as PassageTimes
    from .simulators.runs.passage import sample_passage as sample_passage
    from .simulators.runs.passage import stop_at as stop_at
    from .simulators.runs.sweeps import sweep as sweep
    from .simulators.sensitivities import gradient as gradient
    from .simulators.sensitivities import integrate_sensitivities as integrate_sensitivities
    from .structure import conservation_laws as conservation_laws
    from .structure import structure_of as structure_of
    from .structure import time_scales as time_scales
    from .system import System as System

__version__ = "0.1.0"

# public name -> (module, name there; nothing for the module itself)
_WHERE: dict[str, tuple[str, str]] = {
    "Comparison": (".simulators.results.comparison", "Comparison"),
    "Distribution": (".simulators.results.distribution", "Distribution"),
    "Ensemble": (".simulators.results.trajectory", "Ensemble"),
    "Family": (".family", "Family"),
    "Fit": (".learners.fits.fit", "Fit"),
    "Generator": (".operators", "Generator"),
    "Gradient": (".simulators.results.derivatives", "Gradient"),
    "Identified": (".learners.identification.identified", "Identified"),
    "Judgement": (".judging", "Judgement"),
    "Kind": (".monomials", "Kind"),
    "Measurements": (".learners.fits.measurements", "Measurements"),
    "MomentData": (".learners.moments", "MomentData"),
    "Network": (".network", "Network"),
    "NoiseModel": (".learners.fits.asked", "NoiseModel"),
    "OrdinaryRates": (".learners.moments", "OrdinaryRates"),
    "Passage": (".simulators.master.long_run", "Passage"),
    "PassageTimes": (".simulators.runs.passage", "PassageTimes"),
    "Problem": (".learners.fits.problem", "Problem"),
    "RateEstimate": (".learners.moments", "RateEstimate"),
    "RateRelation": (".derivations.rate_relation", "RateRelation"),
    "Profiles": (".learners.fits.profiles", "Profiles"),
    "RxnError": (".errors", "RxnError"),
    "Selection": (".learners.moments", "Selection"),
    "Separation": (".judging.separation", "Separation"),
    "Series": (".learners.identification.series", "Series"),
    "Sensitivities": (".simulators.results.derivatives", "Sensitivities"),
    "SteadySensitivities": (".simulators.results.derivatives", "SteadySensitivities"),
    "SteadyState": (".simulators.rate_equations.steady", "SteadyState"),
    "Sweep": (".simulators.results.axes", "Sweep"),
    "System": (".system", "System"),
    "Trajectory": (".simulators.results.trajectory", "Trajectory"),
    "Unknown": (".learners.fits.problem", "Unknown"),
    "adjoint": (".derivations.adjoint", "adjoint"),
    "Window": (".learners.fits.window", "Window"),
    "approximations": (".derivations.approximations", ""),
    "close": (".derivations.closures", "close"),
    "closures": (".derivations.closures", ""),
    "compare": (".simulators.results.comparison", "compare"),
    "conservation_laws": (".structure", "conservation_laws"),
    "driven": (".derivations.driven", "driven"),
    "families": (".derivations.families", ""),
    "fast_and_slow": (".judging.fast_and_slow", "fast_and_slow"),
    "first_passage": (".simulators.master.long_run", "first_passage"),
    "fit_rational": (".learners.identification.rational_fit", "fit_rational"),
    "formula_candidates": (".derivations.candidates", "formula_candidates"),
    "fit": (".learners.fits.fit", "fit"),
    "fluctuations": (".judging.reductions", "fluctuations"),
    "fit_problem": (".learners.fits.asked", "fit_problem"),
    "generator": (".operators", "generator"),
    "gradient": (".simulators.sensitivities", "gradient"),
    "grids": (".grids", ""),
    "identifiability": (".learners.fits.identifiability", "identifiability"),
    "identify": (".learners.identification.identify", "identify"),
    "integrate": (".simulators.rate_equations.ode", "integrate"),
    "inverse_omega_squared": (".derivations.inverse_omega", "inverse_omega_squared"),
    "ising_chain": (".derivations.ising", "ising_chain"),
    "integrate_sensitivities": (".simulators.sensitivities", "integrate_sensitivities"),
    "judge": (".judging", "judge"),
    "judge_reductions": (".judging.reductions", "judge_reductions"),
    "jump_process": (".derivations.rates", "jump_process"),
    "lambdify": (".kernels.lambdify", "lambdify"),
    "linear_noise": (".derivations.linear_noise", "linear_noise"),
    "load": (".modelfiles", "load"),
    "load_measurements": (".learners.fits.measurements", "load_measurements"),
    "load_petab": (".learners.fits.petab", "load_petab"),
    "load_result": (".simulators.results.sweep_files", "load"),
    "master_equation": (".simulators.master.master_equation", "master_equation"),
    "measured_moments": (".learners.moments", "measured_moments"),
    "moment_problem": (".learners.fits.moment_noise", "moment_problem"),
    "moments": (".derivations.moments", "moments"),
    "moments_of_ensemble": (".learners.moments", "moments_of_ensemble"),
    "non_negative_rates": (".learners.moments", "non_negative_rates"),
    "ordinary_rates": (".learners.moments", "ordinary_rates"),
    "parse": (".language", "parse"),
    "polynomial_candidates": (".derivations.candidates", "polynomial_candidates"),
    "print_network": (".language", "print_network"),
    "profiles": (".learners.fits.profiles", "profiles"),
    "project": (".derivations.projection", "project"),
    "qssa": (".derivations.reductions", "qssa"),
    "rapid_equilibrium": (".derivations.reductions", "rapid_equilibrium"),
    "rate_equations": (".derivations.rates", "rate_equations"),
    "rate_relation": (".derivations.rate_relation", "rate_relation"),
    "rates_by_integrals": (".learners.moments", "rates_by_integrals"),
    "rates_from_moments": (".learners.moments", "rates_from_moments"),
    "rational_candidates": (".derivations.rational", "rational_candidates"),
    "reaction_candidates": (".derivations.candidates", "reaction_candidates"),
    "read_series": (".learners.identification.series", "read_series"),
    "reductions": (".derivations.reductions", ""),
    "resume": (".simulators.runs.ensembles", "resume"),
    "reverse_qssa": (".derivations.reductions", "reverse_qssa"),
    "roots": (".roots", ""),
    "sample": (".simulators.jumps.ssa", "sample"),
    "sample_passage": (".simulators.runs.passage", "sample_passage"),
    "sample_statistics": (".simulators.runs.ensembles", "sample_statistics"),
    "save_result": (".simulators.results.sweep_files", "save"),
    "select_reactions": (".learners.moments", "select_reactions"),
    "sensitivities": (".derivations.sensitivities", "sensitivities"),
    "snapshot_moments": (".learners.moments", "snapshot_moments"),
    "stationary": (".simulators.master.long_run", "stationary"),
    "steady_gradient": (".simulators.rate_equations.steady_sensitivities", "steady_gradient"),
    "steady_sensitivities": (".simulators.rate_equations.steady_sensitivities", "steady_sensitivities"),
    "steady_state": (".simulators.rate_equations.steady", "steady_state"),
    "stop_at": (".simulators.runs.passage", "stop_at"),
    "structural_identifiability": (".learners.fits.identifiability", "structural_identifiability"),
    "structure_of": (".structure", "structure_of"),
    "sweep": (".simulators.runs.sweeps", "sweep"),
    "time_scales": (".structure", "time_scales"),
    "total_qssa": (".derivations.reductions", "total_qssa"),
    "with_values": (".network", "with_values"),
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _WHERE[name]
    found = import_module(module, __name__)
    value = getattr(found, attribute) if attribute else found
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_WHERE])
